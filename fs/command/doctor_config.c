#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/command/doctor_check.h"

/* What the configuration says, and what it names. */

/* A table of passwords may stand in it, as auth = basic:... */
static void check_file(Doctor *doctor)
{
	struct stat st;

	if (!doctor->config_path) {
		doctor_ok(doctor,
			"there is no configuration: the providers are those "
			"whose credentials are in sight");
		return;
	}
	if (stat(doctor->config_path, &st))
		doctor_fail(doctor, "name one that exists with -c", "%s: %s",
			doctor->config_path, g_strerror(errno));
	else
		doctor_ok(doctor, "%s is read", doctor->config_path);
}

static void check_values(Doctor *doctor)
{
	for (guint i = 0; i < doctor->problems->len; i++) {
		const GError *problem = doctor->problems->pdata[i];

		doctor_fail(doctor,
			doctor->config_path ? "correct the file (man "
					      "sessionfs.conf)"
					    : "sessionfs.conf(5) says how",
			"%s", problem->message);
	}
	if (!doctor->problems->len)
		doctor_ok(doctor, "every key and value is right");
}

static void check_sections(Doctor *doctor)
{
	const GPtrArray *all = doctor->config->providers;
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < all->len; i++) {
		const ConfigProvider *section = all->pdata[i];

		g_string_append_printf(
			names, "%s%s", i ? ", " : "", section->name);
	}
	if (all->len)
		doctor_ok(doctor, "%s", names->str);
	else if (doctor->problems->len)
		doctor_skip(doctor, "config_values");
	else
		doctor_fail(doctor,
			"add a section of a provider (man sessionfs.conf), or "
			"log in with its own tool",
			"no provider is named, and none's credentials are in "
			"sight");
}

/* ---- each section ---- */

static guint check_one_file(Doctor *doctor, const char *key, const char *path)
{
	g_autofree char *mend = g_strdup_printf("chmod 600 %s", path);
	struct stat st;

	if (stat(path, &st))
		doctor_fail(doctor, "correct the key, or make the file",
			"%s names %s: %s", key, path, g_strerror(errno));
	else if (!S_ISREG(st.st_mode) &&
		 !(S_ISDIR(st.st_mode) && !strcmp(key, "ca_file")))
		doctor_fail(doctor, "name a file",
			"%s names %s, which is no regular file", key, path);
	else if (access(path, R_OK))
		doctor_fail(doctor, mend, "%s names %s, which you may not read",
			key, path);
	else if (config_file_is_open(key, path))
		doctor_warn(doctor, mend,
			"%s names %s, which others may read or write", key,
			path);
	else
		return 0;
	return 1;
}

static void check_files(Doctor *doctor)
{
	g_autoptr(GString) names = g_string_new(NULL);
	guint bad = 0;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, doctor->section->keys);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *path = config_file_of(doctor->section, key, value);

		if (!path)
			continue;
		g_string_append_printf(names, "%s%s (%s)",
			names->len ? ", " : "", path, (char *)key);
		bad += check_one_file(doctor, key, path);
	}
	if (!bad && names->len)
		doctor_ok(doctor, "can be read: %s", names->str);
	else if (!bad)
		doctor_ok(doctor, "the section names none");
}

static void note_call(const CallReport *report, void *data)
{
	Doctor *doctor = data;

	g_free(doctor->asked);
	doctor->asked = g_strdup(report->action);
	doctor->answered = report->status;
}

static void check_open(Doctor *doctor)
{
	ConfigProvider *section = doctor->section;
	g_autoptr(GError) error = NULL;
	g_autofree char *doubt = NULL;

	section->backend = backend_open(section->class, section->keys, &error);
	if (section->backend)
		backend_observe(section->backend, note_call, doctor);
	doubt = section->backend ? backend_doubt(section->class, section->keys)
				 : NULL;
	if (doubt)
		doctor_warn(doctor, "correct the key", "%s", doubt);
	else if (section->backend)
		doctor_ok(doctor, "type %s has all that it needs",
			section->class->name);
	else
		doctor_fail(doctor, "set the key in the section", "%s",
			error->message);
}

static gboolean is_near(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return g_str_has_prefix(host, "127.") ||
	       g_str_has_prefix(host, "[::1]") ||
	       g_str_has_prefix(host, "localhost");
}

static void check_endpoint(Doctor *doctor)
{
	const char *url =
		g_hash_table_lookup(doctor->section->keys, "endpoint");
	g_autofree char *masked = url ? config_masked(url) : NULL;

	if (!url)
		doctor_ok(doctor, "the provider's own endpoint");
	else if (g_str_has_prefix(url, "http://") && !is_near(url))
		doctor_warn(doctor, "endpoint = https://...",
			"%s is not encrypted: who is in between can read and "
			"change all",
			masked);
	else
		doctor_ok(doctor, "%s", masked);
}

const char *doctor_proxy(const ConfigProvider *section, const char **value)
{
	static const char *const variables[] = {"https_proxy", "HTTPS_PROXY",
		"http_proxy", "all_proxy", "ALL_PROXY"};

	*value = g_hash_table_lookup(section->keys, "proxy");
	if (*value)
		return "the key proxy";
	for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
		*value = g_getenv(variables[i]);
		if (*value && **value)
			return variables[i];
	}
	return NULL;
}

static void check_proxy(Doctor *doctor)
{
	const char *value, *from = doctor_proxy(doctor->section, &value);
	g_autofree char *masked = from ? config_masked(value) : NULL;

	if (!from)
		doctor_ok(doctor, "none is set");
	else
		doctor_ok(doctor, "%s, by %s", masked, from);
}

const DoctorCheck doctor_config[] = {
	{"config_file", FALSE, FALSE, check_file},
	{"config_values", FALSE, FALSE, check_values, "config_file"},
	{"config_sections", FALSE, FALSE, check_sections, "config_file"},
	{"local_files", FALSE, TRUE, check_files},
	{"section_keys", FALSE, TRUE, check_open},
	{"endpoint", FALSE, TRUE, check_endpoint},
	{"proxy", FALSE, TRUE, check_proxy},
	{NULL},
};
