#include "dataproc.h"

#include <string.h>

#include "text.h"

/*
 * Filters of a listing: clauses joined by AND, as in
 *
 *   state = ACTIVE and create_time < "2026-01-01T00:00:00Z"
 *
 * with the fields state, session_id and session_uuid (= and !=) and create_time
 * (those and < <= > >=).  What else the syntax has is refused.
 */

typedef enum { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, N_OPS } Op;

/* Longer ones first, since "<" begins "<=". */
static const struct {
	const char *text;
	Op op;
} ops[] = {
	{"!=", OP_NE},
	{"<=", OP_LE},
	{">=", OP_GE},
	{"=", OP_EQ},
	{"<", OP_LT},
	{">", OP_GT},
};

static const struct {
	const char *field;
	const char *member; /* of the record */
	gboolean is_time;
} fields[] = {
	{"state", "state", FALSE},
	{"session_id", "name", FALSE}, /* its last segment */
	{"session_uuid", "uuid", FALSE},
	{"create_time", "createTime", TRUE},
};

typedef struct {
	guint field;
	Op op;
	char *value;
	gint64 ms; /* times */
} Clause;

static void clause_free(void *data)
{
	Clause *clause = data;

	g_free(clause->value);
	g_free(clause);
}

/* Milliseconds, -1: it is no time. */
static gint64 time_of(const char *text)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

	if (!time)
		return -1;
	return g_date_time_to_unix(time) * 1000 +
	       g_date_time_get_microsecond(time) / 1000;
}

/* ---- reading ---- */

static const char *skip(const char *at)
{
	return at + strspn(at, " \t");
}

/* A word, or what stands in quotes; moves *at behind it.  NULL: neither. */
static char *take_value(const char **at)
{
	const char *from = *at;
	gsize len;

	if (*from == '"') {
		len = strcspn(from + 1, "\"");
		if (!from[1 + len])
			return NULL;
		*at = from + len + 2;
		return g_strndup(from + 1, len);
	}
	len = strcspn(from, " \t\"()=!<>");
	*at = from + len;
	return len > 0 ? g_strndup(from, len) : NULL;
}

static gboolean take_op(const char **at, Op *ret)
{
	for (gsize i = 0; i < G_N_ELEMENTS(ops); i++)
		if (g_str_has_prefix(*at, ops[i].text)) {
			*at += strlen(ops[i].text);
			*ret = ops[i].op;
			return TRUE;
		}
	return FALSE;
}

/* Whether a clause makes sense by itself. */
static gboolean clause_fits(Clause *clause)
{
	if (!fields[clause->field].is_time)
		return clause->op == OP_EQ || clause->op == OP_NE;
	clause->ms = time_of(clause->value);
	return clause->ms >= 0;
}

static gboolean take_clause(const char **at, GPtrArray *clauses)
{
	g_autofree char *field = take_value(at);
	Clause *clause = g_new0(Clause, 1);

	g_ptr_array_add(clauses, clause);
	while (clause->field < G_N_ELEMENTS(fields) &&
		g_strcmp0(field, fields[clause->field].field))
		clause->field++;
	*at = skip(*at);
	if (clause->field == G_N_ELEMENTS(fields) || !take_op(at, &clause->op))
		return FALSE;
	*at = skip(*at);
	clause->value = take_value(at);
	*at = skip(*at);
	return clause->value && clause_fits(clause);
}

gboolean dataproc_filter_read(
	DataprocFilter *filter, const char *text, char **ret_problem)
{
	const char *at = skip(text ? text : "");

	filter->clauses = g_ptr_array_new_with_free_func(clause_free);
	while (*at) {
		if (!take_clause(&at, filter->clauses))
			break;
		if (!*at)
			return TRUE;
		if (g_ascii_strncasecmp(at, "and ", 4) || !*skip(at + 4))
			break;
		at = skip(at + 4);
	}
	if (!*at && filter->clauses->len == 0)
		return TRUE;
	*ret_problem = g_strdup_printf(
		"Invalid list filter at \"%s\": this emulator knows state, "
		"session_id, session_uuid and create_time, joined by AND.",
		at);
	return FALSE;
}

void dataproc_filter_clear(DataprocFilter *filter)
{
	g_clear_pointer(&filter->clauses, g_ptr_array_unref);
}

/* ---- judging ---- */

static gboolean op_holds(Op op, gint64 difference)
{
	const gboolean holds[N_OPS] = {
		[OP_EQ] = difference == 0,
		[OP_NE] = difference != 0,
		[OP_LT] = difference<
			0, [OP_LE] = difference <= 0, [OP_GT] = difference> 0,
		[OP_GE] = difference >= 0,
	};

	return holds[op];
}

static gboolean clause_holds(const Clause *clause, const Json *record)
{
	const char *text =
		json_get_text(record, fields[clause->field].member, 4096, "");
	const char *slash = strrchr(text, '/');

	if (fields[clause->field].is_time)
		return op_holds(clause->op, time_of(text) - clause->ms);
	return op_holds(
		clause->op, strcmp(slash ? slash + 1 : text, clause->value));
}

gboolean dataproc_filter_keeps(const char *text, const void *data)
{
	const DataprocFilter *filter = data;
	g_autoptr(Json) record = json_parse(text, strlen(text), NULL);

	for (guint i = 0; i < filter->clauses->len; i++)
		if (!clause_holds(filter->clauses->pdata[i], record))
			return FALSE;
	return TRUE;
}
