#include "cache/model/content.h"

#include <string.h>

static void append_line(GString *out, const char *text, gsize len)
{
	if (len == 0)
		return;
	g_string_append_len(out, text, (gssize)len);
	g_string_append_c(out, '\n');
}

static void append_json(
	Backend *backend, const char *body, gsize len, GString *out)
{
	if (len == 0 || backend->class->private == NULL) {
		append_line(out, body, len);
		return;
	}
	backend_mask(backend, body, len, out);
	g_string_append_c(out, '\n');
}

static void append_body_file(Backend *backend, SessionFile file,
	const char *body, gsize len, GString *out)
{
	if (file == SESSION_JSON)
		append_json(backend, body, len, out);
	else if (len > 0)
		backend_render(backend, file, body, len, out);
}

void content_append(Backend *backend, SessionFile file, const char *word,
	Phase phase, const char *body, gsize len, GString *out)
{
	if (file == SESSION_STATE)
		append_line(out, word, strlen(word));
	else if (file == SESSION_PHASE)
		append_line(out, phase_name(phase), strlen(phase_name(phase)));
	else
		append_body_file(backend, file, body, len, out);
}

gboolean content_grows(const BackendClass *class, guint file)
{
	return (class->grows & (1u << file)) != 0;
}

guint content_diff(Backend *backend, const char *old, gsize old_len,
	const char *new, gsize new_len)
{
	g_autoptr(GString) one = g_string_new(NULL);
	g_autoptr(GString) two = g_string_new(NULL);
	guint files =
		backend_files(backend->class) & ~backend->class->described;
	guint changed = 0;

	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		if (file == SESSION_STATE || file == SESSION_PHASE ||
			(files & (1u << file)) == 0)
			continue;
		g_string_truncate(one, 0);
		g_string_truncate(two, 0);
		append_body_file(backend, file, old, old_len, one);
		append_body_file(backend, file, new, new_len, two);
		if (!g_string_equal(one, two))
			changed |= 1u << file;
	}
	return changed;
}
