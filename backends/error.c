#include "backends/error.h"

#include <stdarg.h>
#include <string.h>

#include "backends/base/secret.h"

typedef BackendErrorDetail BackendErrorPrivate;

static void backend_error_private_init(BackendErrorPrivate *detail)
{
	*detail = (BackendErrorPrivate){0};
}

static void backend_error_private_copy(
	const BackendErrorPrivate *from, BackendErrorPrivate *to)
{
	to->provider_code = g_strdup(from->provider_code);
	to->request_id = g_strdup(from->request_id);
	to->permission = g_strdup(from->permission);
	to->retry_after_ms = from->retry_after_ms;
}

static void backend_error_private_clear(BackendErrorPrivate *detail)
{
	g_clear_pointer(&detail->provider_code, g_free);
	g_clear_pointer(&detail->request_id, g_free);
	g_clear_pointer(&detail->permission, g_free);
}

G_DEFINE_EXTENDED_ERROR(BackendError, backend_error)

#define SENTENCE_MAX 4096

/* GLib registers a domain when it is first used, and takes no lock for that. */
__attribute__((constructor)) static void register_domain(void)
{
	backend_error_quark();
}

void backend_error_set(
	GError **error, BackendErrorCode code, const char *format, ...)
{
	g_autofree char *message = NULL;
	g_autofree char *masked = NULL;
	va_list args;

	if (!error)
		return;
	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	masked = secret_mask(message);
	g_propagate_error(
		error, g_error_new_literal(BACKEND_ERROR, (int)code, masked));
}

gboolean backend_error_is_unsent(const GError *error)
{
	return error && error->domain == BACKEND_ERROR &&
	       (error->code == BACKEND_ERROR_UNREACHABLE ||
		       error->code == BACKEND_ERROR_REFUSED ||
		       error->code == BACKEND_ERROR_TLS);
}

BackendErrorDetail *backend_error_detail(GError *error)
{
	if (!error || error->domain != BACKEND_ERROR)
		return NULL;
	return backend_error_get_private(error);
}

gboolean backend_is_control(gunichar c)
{
	if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
		return TRUE;
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static char *make_printable(const char *text)
{
	g_autofree char *masked = secret_mask(text);
	g_autofree char *valid = g_utf8_make_valid(masked, -1);
	GString *out = g_string_sized_new(strlen(valid));

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		gsize len = (gsize)(g_utf8_next_char(p) - p);

		if (out->len + len > SENTENCE_MAX - strlen("…")) {
			g_string_append(out, "…");
			break;
		}
		g_string_append_unichar(out, backend_is_control(c) ? ' ' : c);
	}
	return g_string_free(out, FALSE);
}

/* Bounds what one field of the detail may take of the whole. */
static char *detail_field(const char *label, const char *text)
{
	return g_strdup_printf("%s %.256s", label, text);
}

char *backend_error_sentence(GError *error)
{
	const BackendErrorDetail *detail = backend_error_detail(error);
	g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *joined = NULL;
	g_autofree char *whole = NULL;

	if (!error)
		return g_strdup("no error");
	if (detail && detail->permission)
		g_ptr_array_add(
			fields, detail_field("needs", detail->permission));
	if (detail && detail->provider_code && *detail->provider_code)
		g_ptr_array_add(
			fields, detail_field("code", detail->provider_code));
	if (detail && detail->request_id && *detail->request_id)
		g_ptr_array_add(
			fields, detail_field("request id", detail->request_id));
	if (fields->len == 0)
		return make_printable(error->message);

	g_ptr_array_add(fields, NULL);
	joined = g_strjoinv(", ", (char **)fields->pdata);
	whole = g_strdup_printf("%.3072s (%s)", error->message, joined);
	return make_printable(whole);
}

char *backend_error_advised(const char *sentence, const char *advice)
{
	/* A sentence that goes on has no full stop. */
	gsize stop = advice && g_str_has_suffix(sentence, ".") ? 1 : 0;

	return g_strdup_printf("%.*s%s%s", (int)(strlen(sentence) - stop),
		sentence, advice ? "; " : "", advice ? advice : "");
}
