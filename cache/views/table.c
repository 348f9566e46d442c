#include "cache/views/table.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/mutex.h"
#include "cache/base/escape.h"

#define YEAR_10000_S G_GINT64_CONSTANT(253402300800)

/* "2026-01-02T03:04:05Z", or "" for what nobody knows or can write so. */
static void time_format(char ret[TIME_SIZE], gint64 seconds)
{
	if (seconds > 0 && seconds < YEAR_10000_S)
		time_write(ret, seconds * G_USEC_PER_SEC, 0);
	else
		*ret = '\0';
}

/* ---- lines ---- */

#define N_COLUMNS 7
#define N_VALUES (N_COLUMNS + 1) /* and the id */
static const char *const columns[N_COLUMNS] = {
	"session", "name", "state", "phase", "user", "created", "changed"};

void table_append_header(GString *out, CacheTable table)
{
	if (table != TABLE_TSV)
		return;
	for (guint i = 0; i < N_COLUMNS; i++) {
		g_string_append(out, columns[i]);
		g_string_append_c(out, i + 1 < N_COLUMNS ? '\t' : '\n');
	}
}

#define PIECE(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}
typedef struct {
	const char *text;
	gsize len;
} Piece;

/* What stands before each value, and behind the last; and around each. */
static const struct {
	guint n;
	Piece between[N_VALUES + 1], quote;
} forms[] = {
	[TABLE_TSV] = {N_COLUMNS,
		{PIECE(""), PIECE("\t"), PIECE("\t"), PIECE("\t"), PIECE("\t"),
			PIECE("\t"), PIECE("\t"), PIECE("\n")},
		PIECE("")},
	[TABLE_JSONL] = {N_VALUES,
		{PIECE("{\"session\":"), PIECE(",\"name\":"),
			PIECE(",\"state\":"), PIECE(",\"phase\":"),
			PIECE(",\"user\":"), PIECE(",\"created\":"),
			PIECE(",\"changed\":"), PIECE(",\"id\":"),
			PIECE("}\n")},
		PIECE("\"")},
};

/* Any line. */
static void append_escaped(
	GString *out, CacheTable table, const char *const values[N_VALUES])
{
	const guint n = forms[table].n;

	for (guint i = 0; i < n; i++) {
		g_string_append(out, forms[table].between[i].text);
		if (table == TABLE_TSV)
			tsv_append(out, values[i]);
		else
			json_append(out, values[i], G_MAXSIZE);
	}
	g_string_append(out, forms[table].between[n].text);
}

/* ---- lines without escapes: nearly all, of which there may be a million ---- */

/* The values of a line, each as it will stand there; its length, or 0: some value
 * needs an escape. */
static gsize plain_pieces(CacheTable table, const char *const values[N_VALUES],
	Piece ret[N_VALUES])
{
	const guint n = forms[table].n;
	gsize len = forms[table].between[n].len;

	for (guint i = 0; i < n; i++) {
		ret[i] = (Piece){values[i], text_plain_len(values[i])};
		if (values[i][ret[i].len] != '\0' ||
			(table == TABLE_TSV &&
				strcmp(values[i], TSV_NOTHING) == 0))
			return 0;
		if (table == TABLE_TSV && ret[i].len == 0)
			ret[i] = (Piece)PIECE(TSV_NOTHING);
		len += forms[table].between[i].len + ret[i].len +
		       2 * forms[table].quote.len;
	}
	return len;
}

static char *put(char *at, Piece piece)
{
	memcpy(at, piece.text, piece.len);
	return at + piece.len;
}

/* The texts of a line; times: where two of them may be written. */
static void values_of(const TableLine *line, char times[2][TIME_SIZE],
	const char *ret[N_VALUES])
{
	const char *const values[N_VALUES] = {line->session, line->name,
		line->state, line->phase, line->user, times[0], times[1],
		line->id};

	time_format(times[0], line->created_s);
	time_format(times[1], line->changed_s);
	memcpy(ret, values, sizeof(values));
}

void table_append_line(GString *out, CacheTable table, const TableLine *line)
{
	const char *values[N_VALUES];
	char times[2][TIME_SIZE], *at;
	Piece pieces[N_VALUES];
	gsize len;

	values_of(line, times, values);
	len = plain_pieces(table, values, pieces);
	if (len == 0) {
		append_escaped(out, table, values);
		return;
	}
	g_string_set_size(out, out->len + len);
	at = out->str + out->len - len;
	for (guint i = 0; i < forms[table].n; i++) {
		at = put(at, forms[table].between[i]);
		at = put(at, forms[table].quote);
		at = put(at, pieces[i]);
		at = put(at, forms[table].quote);
	}
	put(at, forms[table].between[forms[table].n]);
}

gsize table_line_len(CacheTable table, const TableLine *line)
{
	const char *values[N_VALUES];
	Piece pieces[N_VALUES];
	char times[2][TIME_SIZE];
	gsize len;

	values_of(line, times, values);
	len = plain_pieces(table, values, pieces);
	if (len > 0)
		return len;
	g_autoptr(GString) out = g_string_new(NULL);
	append_escaped(out, table, values);
	return out->len;
}

/* ---- whole tables ---- */

struct TableText {
	Mutex lock;
	guint refs GUARDED_BY(lock), readers GUARDED_BY(lock);
	GString *text GUARDED_BY(lock); /* NULL: without readers */
};

static void let_go(TableText *self, guint readers)
{
	GString *text = NULL;
	gboolean last;

	mutex_lock(&self->lock);
	self->readers -= readers;
	if (self->readers == 0)
		text = g_steal_pointer(&self->text);
	last = --self->refs == 0;
	mutex_unlock(&self->lock);
	if (text != NULL)
		g_string_free(text, TRUE);
	if (!last)
		return;
	mutex_destroy(&self->lock);
	g_free(self);
}

static void reader_leaves(gpointer data)
{
	let_go(data, 1);
}

void table_text_unref(TableText *self)
{
	let_go(self, 0);
}

GBytes *table_text_bytes(TableText *self)
{
	GBytes *bytes = NULL;

	mutex_lock(&self->lock);
	if (self->text != NULL) {
		self->refs++;
		self->readers++;
		bytes = g_bytes_new_with_free_func(
			self->text->str, self->text->len, reader_leaves, self);
	}
	mutex_unlock(&self->lock);
	return bytes;
}

TableText *table_text_new(GString *text, GBytes **ret)
{
	TableText *self = g_new0(TableText, 1);

	mutex_init(&self->lock);
	mutex_is_held(&self->lock); /* nobody else knows it yet */
	self->refs = 1;
	self->text = text;
	*ret = table_text_bytes(self);
	return self;
}
