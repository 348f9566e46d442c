#include "backends/dataproc/dataproc_value.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define SECONDS_DIGITS                                                         \
	12 /* as many as fit into milliseconds, and more than
                             a duration of Google's may have */
#define FRACTION_DIGITS 9

/* ---- names ---- */

gboolean dataproc_name_parse(const char *text, DataprocName *ret)
{
	static const char *const fixed[] = {
		"projects", NULL, "locations", NULL, "sessions", NULL};
	g_auto(GStrv) parts = g_strsplit(text, "/", G_N_ELEMENTS(fixed) + 1);

	if (g_strv_length(parts) != G_N_ELEMENTS(fixed))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
		if (fixed[i] ? !g_str_equal(parts[i], fixed[i]) : !*parts[i])
			return FALSE;
	*ret = (DataprocName){
		g_strdup(parts[1]), g_strdup(parts[3]), g_strdup(parts[5])};
	return TRUE;
}

void dataproc_name_clear(DataprocName *name)
{
	g_free(name->project);
	g_free(name->location);
	g_free(name->id);
}

static gboolean is_of(
	const char *text, gsize least, gsize most, const char *accepted)
{
	gsize len = strlen(text);

	return len >= least && len <= most && strspn(text, accepted) == len;
}

gboolean dataproc_id_legal(const char *id)
{
	return is_of(id, 4, 63, LOWER DIGITS "-") && g_ascii_islower(*id) &&
	       id[strlen(id) - 1] != '-';
}

gboolean dataproc_request_legal(const char *id)
{
	return is_of(id, 1, 40, LOWER UPPER DIGITS "_-");
}

/* ---- durations ---- */

gint64 dataproc_duration(const char *text)
{
	gsize whole = strspn(text, DIGITS);
	const char *rest = text + whole;
	gsize part = *rest == '.' ? strspn(rest + 1, DIGITS) : 0;
	gint64 ms;

	if (whole == 0 || whole > SECONDS_DIGITS || part > FRACTION_DIGITS)
		return -1;
	if (!g_str_equal(part > 0 ? rest + 1 + part : rest, "s"))
		return -1;
	ms = g_ascii_strtoll(text, NULL, 10) * 1000;
	for (gint64 i = 0, worth = 100; i < (gint64)part; i++, worth /= 10)
		ms += (rest[1 + i] - '0') * worth;
	return ms;
}
