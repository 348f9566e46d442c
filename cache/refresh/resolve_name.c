#include "cache/refresh/resolve_name.h"

#include "cache/base/name.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"

static gboolean ask_one(Dir *dir, const char *id, GError **error)
{
	Call call = call_for(dir, TRUE);

	if (!cache_goes_on(dir->cache, error) ||
		!fetch_session(dir, id, &call, error))
		return FALSE;
	return dir_number(dir, id) != 0 ||
	       backend_error_false(error, BACKEND_ERROR_GONE,
		       "there is no such session, or it is not shown");
}

static void resolve_name_run(void *data)
{
	Dir *dir = data;
	Question *question;

	while ((question = questions_next(dir->questions)) != NULL) {
		GError *error = NULL;

		if (!ask_one(dir, question_id(question), &error))
			g_debug("%s: %s", dir->id, error->message);
		questions_answer(dir->questions, question, error);
		dir_news_listing(dir);
		news_deliver(dir->cache->news);
	}
}

Known resolve_name(Dir *dir, const char *name, GError **error)
{
	const char *const *reserved = (const char *const *)dir->cache->reserved;
	g_autofree char *id = name_unescape(name, reserved);
	gboolean push = FALSE;
	Known known;

	if (id == NULL)
		return KNOWN_NO;
	known = questions_ask(dir->questions, name, id, &push, error);
	if (push && !pool_push(dir->provider->work[WORK_RESOLVE],
			    resolve_name_run, dir))
		g_debug("%s: asked after the end", dir->id);
	return known;
}
