#include "cache/model/stream.h"

#include <string.h>

#include "backends/base/mutex.h"
#include "cache/base/hash.h"
#include "cache/base/locked.h"
#include "cache/base/refs.h"

/* What the bytes that are not kept any more begin with. */
#define FORGOTTEN "[sessionfs: older lines are not kept any more]\n"
#define MISSING "[sessionfs: lines are missing here]\n"

/* Whatever a server tells: further sections are one, earlier lines are none. */
#define SECTIONS_MAX 16
#define LINES_MAX 4096

/* One line of a window. */
typedef struct {
	guint64 hash;
	gboolean weak; /* blank or indented: many are the same */
} Line;

struct Stream {
	int refs; /* atomic */
	Mutex lock;
	GString *text GUARDED_BY(lock); /* from offset `base` on */
	gsize base GUARDED_BY(lock);    /* bytes that are not kept any more */
	/* name -> GArray of Line: its last window */
	GHashTable *sections GUARDED_BY(lock);
};

/* A section of a window, borrowed from its text. */
typedef struct {
	char kind; /* WINDOW_... */
	const char *name, *start, *end;
	gsize name_len;
} Section;

Stream *stream_new(void)
{
	Stream *self = g_new0(Stream, 1);

	mutex_init(&self->lock);
	self->refs = 1;
	self->text = g_string_new(NULL);
	self->sections = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
	return self;
}

static void stream_free(Stream *self)
{
	mutex_destroy(&self->lock);
	g_string_free(self->text, TRUE);
	g_hash_table_unref(self->sections);
	g_free(self);
}

REFS_DEFINE(Stream, stream, stream_free)

gboolean stream_is_held(const Stream *self)
{
	return __atomic_load_n(&self->refs, __ATOMIC_ACQUIRE) > 1;
}

/* ---- windows ---- */

/* Takes the next one; FALSE at the end. */
static gboolean next_section(const char **at, const char *end, Section *ret)
{
	const char *line = *at, *stop;

	if (line + 2 >= end || *line != WINDOW_MARK)
		return FALSE;
	stop = memchr(line, '\n', (gsize)(end - line));
	if (stop == NULL)
		return FALSE;
	*ret = (Section){.kind = line[1],
		.name = line + 2,
		.name_len = (gsize)(stop - line - 2),
		.start = stop + 1};
	ret->end = memchr(ret->start, WINDOW_MARK, (gsize)(end - ret->start));
	if (ret->end == NULL)
		ret->end = end;
	*at = ret->end;
	return TRUE;
}

static gsize line_len(const char *line, const char *end)
{
	const char *stop = memchr(line, '\n', (gsize)(end - line));

	return stop != NULL ? (gsize)(stop - line) + 1 : (gsize)(end - line);
}

/* Without those that are too many. */
static GArray *lines_of(Section *section)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));
	gsize len;

	for (const char *at = section->start; at < section->end; at += len) {
		len = line_len(at, section->end);
		const Line line = {hash_bytes(at, len), g_ascii_isspace(*at)};

		g_array_append_val(lines, line);
	}
	for (guint i = LINES_MAX; i < lines->len; i++)
		section->start += line_len(section->start, section->end);
	if (lines->len > LINES_MAX)
		g_array_remove_range(lines, 0, lines->len - LINES_MAX);
	return lines;
}

static const Line *line_at(const GArray *lines, guint i)
{
	return &g_array_index(lines, Line, i);
}

static gboolean same(const GArray *a, guint i, const GArray *b, guint k)
{
	return line_at(a, i)->hash == line_at(b, k)->hash;
}

/* How many of the last old lines the new ones begin with: at most, and in linear
 * time (Knuth, Morris, Pratt). */
static guint overlap(const GArray *old, const GArray *new)
{
	g_autofree guint *back = g_new0(guint, new->len + 1);
	guint k = 0;

	for (guint i = 1; i < new->len; i++) {
		while (k > 0 && !same(new, i, new, k))
			k = back[k];
		k += same(new, i, new, k);
		back[i + 1] = k;
	}
	k = 0;
	for (guint i = 0; i < old->len; i++) {
		while (k > 0 && (k == new->len || !same(old, i, new, k)))
			k = back[k];
		k += k < new->len &&same(old, i, new, k);
	}
	return k;
}

/* Of lines that are all alike, a few may be the same by chance. */
static guint known_lines(const GArray *old, const GArray *new)
{
	guint n = new->len > 0 ? overlap(old, new) : 0;

	if (n == old->len)
		return n;
	for (guint i = 0; i < n; i++)
		if (!line_at(new, i)->weak)
			return n;
	return 0;
}

/* ---- laying one over the other; with the lock ---- */

static void append_rest(Stream *self, const Section *section, guint skip)
	REQUIRES(self->lock)
{
	const char *at = section->start;

	while (skip-- > 0 && at < section->end)
		at += line_len(at, section->end);
	g_string_append_len(self->text, at, (gssize)(section->end - at));
}

static void append_heading(Stream *self, const Section *section)
	REQUIRES(self->lock)
{
	g_string_append_len(
		self->text, section->name, (gssize)section->name_len);
	g_string_append(self->text, ":\n");
}

/* A text that is another one as a whole, unless it goes on. */
static void put_text(Stream *self, const Section *section, const GArray *old,
	const GArray *new) REQUIRES(self->lock)
{
	guint n = old != NULL ? overlap(old, new) : 0;

	if (old == NULL || n < old->len) {
		append_heading(self, section);
		n = 0;
	}
	append_rest(self, section, n);
}

static void put_lines(Stream *self, const Section *section, const GArray *old,
	const GArray *new) REQUIRES(self->lock)
{
	guint n = old != NULL ? known_lines(old, new) : 0;

	if (old == NULL && section->kind == WINDOW_TITLED)
		append_heading(self, section);
	if (old != NULL && old->len > 0 && n == 0 && new->len > 0)
		g_string_append(self->text, MISSING);
	append_rest(self, section, n);
}

static char *name_of(const Stream *self, const Section *section)
	REQUIRES(self->lock)
{
	g_autofree char *name = g_strndup(section->name, section->name_len);

	if (g_hash_table_size(self->sections) >= SECTIONS_MAX &&
		!g_hash_table_contains(self->sections, name))
		return g_strdup("");
	return g_steal_pointer(&name);
}

static void put_section(Stream *self, Section *section) REQUIRES(self->lock)
{
	g_autofree char *name = name_of(self, section);
	g_autoptr(GArray) new = lines_of(section);
	const GArray *old = g_hash_table_lookup(self->sections, name);

	/* A server that has lost its lines has not lost ours. */
	if (new->len == 0 && (old != NULL || section->kind != WINDOW_TITLED))
		return;
	if (section->kind == WINDOW_TEXT)
		put_text(self, section, old, new);
	else
		put_lines(self, section, old, new);
	g_hash_table_replace(
		self->sections, g_steal_pointer(&name), g_steal_pointer(&new));
}

gboolean stream_put(Stream *self, const char *window, gsize len)
{
	const char *at = window;
	Section section;
	gboolean grown;
	gsize before;

	mutex_lock(&self->lock);
	before = self->text->len;
	while (next_section(&at, window + len, &section))
		put_section(self, &section);
	grown = self->text->len > before;
	mutex_unlock(&self->lock);
	return grown;
}

void stream_trim(Stream *self, gsize limit)
{
	mutex_lock(&self->lock);
	if (self->text->len > limit + limit / 4) {
		gsize drop = self->text->len - limit;

		drop += line_len(self->text->str + drop,
			self->text->str + self->text->len);
		self->base += drop;
		g_string_erase(self->text, 0, (gssize)drop);
	}
	mutex_unlock(&self->lock);
}

/* ---- reading ---- */

gsize stream_kept(Stream *self)
{
	return LOCKED(&self->lock, self->text->len);
}

gsize stream_size(Stream *self)
{
	return LOCKED(&self->lock, self->base + self->text->len);
}

/* Bytes that are not kept any more. */
static void read_forgotten(char *out, gsize size, gsize at)
{
	static const char said[] = FORGOTTEN;
	gsize len = strlen(said);

	memset(out, '\n', size);
	if (at < len)
		memcpy(out, said + at, MIN(size, len - at));
}

GBytes *stream_read(Stream *self, gsize at, gsize size)
{
	gsize end, gone;
	char *out;

	mutex_lock(&self->lock);
	end = self->base + self->text->len;
	size = at < end ? MIN(size, end - at) : 0;
	gone = at < self->base ? MIN(size, self->base - at) : 0;
	out = g_malloc(size + 1);
	if (gone > 0)
		read_forgotten(out, gone, at);
	if (size > gone)
		memcpy(out + gone, self->text->str + (at + gone - self->base),
			size - gone);
	mutex_unlock(&self->lock);
	return g_bytes_new_take(out, size);
}
