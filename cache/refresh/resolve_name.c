#include "cache/refresh/resolve_name.h"

#include "backends/base/clock.h"
#include "cache/base/name.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"

#define ASKERS_MAX 4
#define QUESTIONS_MAX 1024
#define GONE_US (5 * G_USEC_PER_SEC)
#define FAILED_US G_USEC_PER_SEC

typedef struct {
	char *id;
	gboolean asking;
	gint64 until_us; /* the answer counts until then */
	GError *error;   /* the answer: GONE, or why there is none */
} Question;

static void question_free(gpointer data)
{
	Question *self = data;

	g_free(self->id);
	g_clear_error(&self->error);
	g_free(self);
}

static gboolean is_answered(gpointer key, gpointer value, gpointer data)
{
	return !((const Question *)value)->asking;
}

static gboolean is_stale(gpointer key, gpointer value, gpointer data)
{
	const Question *question = value;
	const gint64 *now = data;

	return !question->asking && question->until_us <= *now;
}

void resolve_name_forget(Dir *dir)
{
	if (dir->questions != NULL)
		g_hash_table_foreach_remove(dir->questions, is_answered, NULL);
}

/* NULL: it was not asked for. */
static Question *question_find(Dir *dir, const char *name) REQUIRES(dir->lock)
{
	if (dir->questions == NULL)
		dir->questions = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, question_free);
	return g_hash_table_lookup(dir->questions, name);
}

static Question *question_add(Dir *dir, const char *name, char *id, gint64 now)
	REQUIRES(dir->lock)
{
	Question *question;

	if (g_hash_table_size(dir->questions) >= QUESTIONS_MAX / 4)
		g_hash_table_foreach_remove(dir->questions, is_stale, &now);
	if (g_hash_table_size(dir->questions) >= QUESTIONS_MAX)
		return NULL;
	question = g_new0(Question, 1);
	question->id = g_strdup(id);
	g_hash_table_insert(dir->questions, g_strdup(name), question);
	return question;
}

static Known question_answer(const Question *self, GError **error)
{
	if (g_error_matches(self->error, BACKEND_ERROR, BACKEND_ERROR_GONE))
		return KNOWN_NO;
	g_propagate_error(error, g_error_copy(self->error));
	return KNOWN_FAILED;
}

Known resolve_name(
	Dir *dir, const char *name, gboolean *ret_push, GError **error)
{
	Question *question = question_find(dir, name);
	gint64 now = clock_now_us(dir->cache->clock);

	if (question == NULL) {
		g_autofree char *id = name_unescape(
			name, (const char *const *)dir->cache->reserved);

		if (id == NULL)
			return KNOWN_NO;
		question = question_add(dir, name, id, now);
	}
	if (question == NULL) {
		backend_error_set(error, BACKEND_ERROR_BUDGET,
			"too many unknown names are being asked for");
		return KNOWN_FAILED;
	}
	if (question->asking)
		return KNOWN_NOT_YET;
	if (now < question->until_us)
		return question_answer(question, error);
	question->asking = TRUE;
	*ret_push = job_queue_add(&dir->asking, question, ASKERS_MAX);
	return KNOWN_NOT_YET;
}

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

/* With Dir.lock. */
static void question_close(Dir *dir, Question *self, GError *error)
{
	gboolean gone =
		g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_GONE);

	self->asking = FALSE;
	g_clear_error(&self->error);
	self->error = error;
	self->until_us = clock_now_us(dir->cache->clock);
	/* What was found stands in the snapshot from now on. */
	if (error != NULL)
		self->until_us += gone ? GONE_US : FAILED_US;
	dir_news(dir, NEWS_LISTING);
}

void resolve_name_run(void *data)
{
	Dir *dir = data;
	Question *question;

	while ((question = job_queue_next(dir, &dir->asking)) != NULL) {
		GError *error = NULL;

		/* It is not forgotten while it is asked. */
		if (!ask_one(dir, question->id, &error))
			g_debug("%s: %s", dir->id, error->message);
		mutex_lock(&dir->lock);
		question_close(dir, question, error);
		mutex_unlock(&dir->lock);
		news_deliver(dir->cache->news);
	}
}
