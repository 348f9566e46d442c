#include "cache/refresh/backfill.h"

#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"
#include "cache/refresh/sweep.h"

static gboolean is_partial(Dir *dir, const Row *row)
{
	return row->partial;
}

static gint64 since_ms(const Row *row)
{
	return row->since_ms;
}

static gboolean ask(
	Dir *dir, const Snapshot *shown, const Row *row, gboolean *ret_done)
{
	Call call = call_for(dir, FALSE);
	g_autoptr(GError) error = NULL;

	return fetch_session(dir, row->id->text, &call, &error) ||
	       g_error_matches(
		       error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER) ||
	       g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
}

void backfill_start(Dir *dir)
{
	static const SweepKind kind = {is_partial, since_ms, ask};

	if (dir->kind == DIR_WORKSPACE && dir_class(dir)->whole_files != 0)
		sweep_start(dir, dir->backfill, &kind);
}
