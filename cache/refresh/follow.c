#include "cache/refresh/follow.h"

#include "cache/refresh/open.h"

/* Of one workspace at a time: what hangs there must not keep others waiting. */
#define FOLLOWERS_MAX 2

typedef struct {
	guint32 session;
	guint file;
} Followed;

static Followed *next_followed(Dir *dir)
{
	Followed *followed;

	pthread_mutex_lock(&dir->lock);
	followed = g_queue_pop_head(&dir->following);
	if (followed == NULL)
		dir->followers--;
	pthread_mutex_unlock(&dir->lock);
	return followed;
}

static void follow_run(void *data)
{
	Dir *dir = data;

	for (;;) {
		g_autofree Followed *followed = next_followed(dir);

		if (followed == NULL)
			return;
		open_follow(dir, followed->session, followed->file);
	}
}

static void push(Dir *dir, guint32 session, guint file)
{
	Followed *followed = g_new(Followed, 1);
	gboolean begin;

	*followed = (Followed){session, file};
	pthread_mutex_lock(&dir->lock);
	g_queue_push_tail(&dir->following, followed);
	begin = dir->followers < FOLLOWERS_MAX;
	dir->followers += begin;
	pthread_mutex_unlock(&dir->lock);
	if (begin &&
		!pool_push(dir->provider->work[WORK_BACKFILL], follow_run, dir))
		g_debug("%s: followed after the end", dir->name);
}

gint64 follow_visit(Cache *cache)
{
	gint64 next_us = G_MAXINT64;
	guint32 session;
	guint file;

	while (on_demand_follow(cache->on_demand, &session, &file, &next_us)) {
		Dir *dir = dir_around(cache, session);

		if (dir != NULL && dir->kind == DIR_WORKSPACE)
			push(dir, session, file);
		else
			on_demand_forget(cache->on_demand, session);
	}
	return next_us;
}
