#include "cache/views/table.h"

#include <string.h>

#include "backends/base/clock.h"
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

static void append_tsv(GString *out, const char *const values[N_COLUMNS])
{
	for (guint i = 0; i < N_COLUMNS; i++) {
		tsv_append(out, values[i]);
		g_string_append_c(out, i + 1 < N_COLUMNS ? '\t' : '\n');
	}
}

static void append_json(
	GString *out, const char *const values[N_COLUMNS], const char *id)
{
	for (guint i = 0; i < N_COLUMNS; i++) {
		g_string_append(out, i == 0 ? "{\"" : ",\"");
		g_string_append(out, columns[i]);
		g_string_append(out, "\":");
		json_append(out, values[i], G_MAXSIZE);
	}
	g_string_append(out, ",\"id\":");
	json_append(out, id, G_MAXSIZE);
	g_string_append(out, "}\n");
}

void table_append_line(GString *out, CacheTable table, const TableLine *line)
{
	char created[TIME_SIZE], changed[TIME_SIZE];
	const char *const values[N_COLUMNS] = {line->session, line->name,
		line->state, line->phase, line->user, created, changed};

	time_format(created, line->created_s);
	time_format(changed, line->changed_s);
	if (table == TABLE_TSV)
		append_tsv(out, values);
	else
		append_json(out, values, line->id);
}

/* ---- whole tables ---- */

struct TableText {
	int refs;
	GString *text;
};

TableText *table_text_new(GString *text)
{
	TableText *self = g_new(TableText, 1);

	*self = (TableText){1, text};
	return self;
}

void table_text_unref(TableText *self)
{
	if (__atomic_sub_fetch(&self->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	g_string_free(self->text, TRUE);
	g_free(self);
}

GBytes *table_text_bytes(TableText *self)
{
	__atomic_add_fetch(&self->refs, 1, __ATOMIC_RELAXED);
	return g_bytes_new_with_free_func(self->text->str, self->text->len,
		(GDestroyNotify)table_text_unref, self);
}
