/*
 * The chains of credentials before files, programs and services that say whatever
 * they like.  The first part of an input lists variables, "NAME=value" each; then
 * come files, "NAME", a newline and the text, until one whose name is "-"; all that
 * follows is what services answer and programs print.
 */
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "backends/alibaba/alibaba_chain.h"
#include "backends/aws/aws_chain.h"
#include "backends/auth/chain.h"
#include "backends/base/text.h"
#include "backends/dataproc/google_chain.h"
#include "backends/dli/huawei_chain.h"
#include "fuzz_answer.h"

#define FILES_MAX 6

void fuzz_keys_set_up(void)
{
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++)
		if (g_str_has_prefix(*name, "AWS_") ||
			g_str_has_prefix(*name, "ALIBABA_") ||
			g_str_has_prefix(*name, "HUAWEICLOUD_") ||
			g_str_has_prefix(*name, "GOOGLE_") ||
			g_str_has_prefix(*name, "CLOUDSDK_"))
			g_unsetenv(*name);
	g_setenv("HOME", fuzz_folder(), TRUE);
	/* Relative paths count from there. */
	g_assert_cmpint(chdir(fuzz_folder()), ==, 0);
}

/* Only what a vendor's tools read, so that nothing of the process is moved. */
static gboolean is_of_vendor(const char *name)
{
	static const char *const prefixes[] = {"AWS_", "ALIBABA_",
		"HUAWEICLOUD_", "GOOGLE_", "CLOUDSDK_", "NO_GCE_CHECK",
		"GCE_METADATA_", NULL};

	for (const char *const *prefix = prefixes; *prefix; prefix++)
		if (g_str_has_prefix(name, *prefix))
			return TRUE;
	return FALSE;
}

static void set_variables(char *const *lines)
{
	for (; *lines; lines++) {
		g_auto(GStrv) pair = g_strsplit(*lines, "=", 2);

		if (pair[0] && pair[1] && is_of_vendor(pair[0]))
			g_setenv(pair[0], pair[1], TRUE);
	}
}

static void unset_variables(char *const *lines)
{
	for (; *lines; lines++) {
		g_auto(GStrv) pair = g_strsplit(*lines, "=", 2);

		if (pair[0] && *pair[0] && is_of_vendor(pair[0]))
			g_unsetenv(pair[0]);
	}
}

/* Files that a vendor's tools keep, or that a variable or a file names. */
static gboolean is_wanted(const char *name)
{
	static const char *const places[] = {".aws/", ".aliyun/",
		".alibabacloud/", ".huaweicloud/", ".config/gcloud/", NULL};

	if (!text_is_made_of(name, "._-/") || strstr(name, "..") ||
		strlen(name) > 100 || g_str_has_suffix(name, "/"))
		return FALSE;
	for (const char *const *place = places; *place; place++)
		if (g_str_has_prefix(name, *place))
			return TRUE;
	return *name && *name != '.' && !strchr(name, '/');
}

static void write_files(FuzzParts *parts, GPtrArray *written)
{
	for (guint i = 0; i < FILES_MAX && fuzz_more(parts); i++) {
		gsize len;
		g_autofree char *part = fuzz_part(parts, &len);
		char *text = memchr(part, '\n', len);

		if (text)
			*text++ = '\0';
		if (strcmp(part, "-") == 0)
			return;
		if (!text || !is_wanted(part))
			continue;
		if (fuzz_write(part, text, len - (gsize)(text - part)))
			g_ptr_array_add(written, fuzz_path(part));
	}
}

static void remove_files(GPtrArray *written)
{
	for (guint i = 0; i < written->len; i++)
		unlink(g_ptr_array_index(written, i));
}

static void ask(const ChainClass *class, const char *profile)
{
	const HttpSettings http = {.insecure_http = FALSE};
	CredentialSource *source =
		chain_new(class, profile, NULL, "eu-1", &http);
	g_autoptr(GString) told = g_string_new(NULL);

	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Credentials) found = credential_source_get(source,
			g_get_monotonic_time() + 60 * G_USEC_PER_SEC, &error);

		g_assert_true((found != NULL) == (error == NULL));
		if (!found) {
			fuzz_is_sentence(error);
			break;
		}
		g_assert_nonnull(found->origin);
		g_assert_cmpint(found->expires_ms, >=, 0);
		g_autofree char *account = credentials_account(found);
		g_assert_true(account && *account);
		credential_source_reject(source, found);
	}
	credential_source_report(source, told);
	g_assert_true(g_utf8_validate(told->str, -1, NULL));
	credential_source_place(source, told);
	credential_source_free(source);
	chain_in_sight(class);
}

static void play(const ChainClass *class, const char *bytes, gsize len)
{
	FuzzParts parts = fuzz_parts(bytes, len);
	g_autofree char *first = fuzz_part(&parts, NULL);
	g_auto(GStrv) lines = g_strsplit(first, "\n", 32);
	g_autoptr(GPtrArray) written = g_ptr_array_new_with_free_func(g_free);

	set_variables(lines);
	write_files(&parts, written);
	fuzz_play(parts);
	ask(class, NULL);
	ask(class, "p");
	unset_variables(lines);
	remove_files(written);
}

void fuzz_keys_alibaba(const char *bytes, gsize len)
{
	play(&alibaba_chain, bytes, len);
	g_free(alibaba_chain_region(NULL));
}

void fuzz_keys_aws(const char *bytes, gsize len)
{
	play(&aws_chain, bytes, len);
}

void fuzz_keys_google(const char *bytes, gsize len)
{
	play(&google_chain, bytes, len);
}

void fuzz_keys_huawei(const char *bytes, gsize len)
{
	play(&huawei_chain, bytes, len);
}
