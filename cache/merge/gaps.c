#include "cache/merge/gaps.h"

gboolean gaps_any(const Gaps *self)
{
	return gaps_left_out(self) > 0 || self->lacking > 0 || self->looped;
}

guint64 gaps_left_out(const Gaps *self)
{
	return self->skipped + self->clashed + self->over;
}

static void append(GString *out, guint64 n, const char *what)
{
	if (n > 0)
		g_string_append_printf(out, "%s%" G_GUINT64_FORMAT " %s",
			out->len > 0 ? "; " : "", n, what);
}

static void append_over(GString *out, const Gaps *self, const Dir *dir)
{
	gboolean sessions = dir->kind == DIR_WORKSPACE;
	guint64 most = sessions ? dir->cache->sessions_max
				: dir->cache->workspaces_max;

	if (self->over > 0)
		g_string_append_printf(out,
			"%sthe listing was ended, since no more than "
			"%" G_GUINT64_FORMAT " %s of one provider are shown",
			out->len > 0 ? "; " : "", most,
			sessions ? "sessions" : "workspaces");
}

char *gaps_text(const Gaps *self, const Dir *dir)
{
	g_autoptr(GString) out = g_string_new(NULL);

	append(out, self->skipped,
		"records are left out, since they have no usable id");
	append(out, self->clashed,
		"entries are left out, since others have the same name");
	append_over(out, self, dir);
	append(out, self->trimmed,
		"sessions are shown without some of their members, since "
		"their records are too long");
	if (self->lacking > 0)
		append(out, (guint64)self->lacking,
			"entries are counted by the provider's total, but not "
			"listed");
	if (self->looped)
		g_string_append_printf(out,
			"%sthe provider's listing goes on without naming "
			"anything new: it was ended",
			out->len > 0 ? "; " : "");
	if (out->len == 0)
		return NULL;
	g_string_append_c(out, '\n');
	return g_string_free(g_steal_pointer(&out), FALSE);
}
