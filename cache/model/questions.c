#include "cache/model/questions.h"

#include "backends/base/mutex.h"
#include "cache/base/job_queue.h"
#include "cache/base/locked.h"

#define ASKERS_MAX 4
#define QUESTIONS_MAX 1024
#define GONE_US (5 * G_USEC_PER_SEC)
#define FAILED_US G_USEC_PER_SEC

struct Question {
	char *id;
	gboolean asking; /* then it is not forgotten */
	gboolean found;  /* the answer, and nobody has looked since */
	gint64 until_us; /* the answer counts until then */
	GError *error;   /* the answer: GONE, or why there is none */
};

struct Questions {
	const Clock *clock;
	JobQueue *waiting;
	Mutex lock;
	GHashTable *all GUARDED_BY(lock); /* name -> Question */
};

static void question_free(gpointer data)
{
	Question *self = data;

	g_free(self->id);
	g_clear_error(&self->error);
	g_free(self);
}

Questions *questions_new(const Clock *clock)
{
	Questions *self = g_new0(Questions, 1);

	mutex_init(&self->lock);
	self->clock = clock;
	self->waiting = job_queue_new(ASKERS_MAX, NULL);
	self->all = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, question_free);
	return self;
}

void questions_free(Questions *self)
{
	mutex_destroy(&self->lock);
	job_queue_free(self->waiting);
	g_hash_table_unref(self->all);
	g_free(self);
}

static gboolean is_answered(gpointer key, gpointer value, gpointer data)
{
	return !((const Question *)value)->asking;
}

static gboolean is_stale(gpointer key, gpointer value, gpointer data)
{
	const Question *question = value;
	const gint64 *now_us = data;

	return !question->asking && question->until_us <= *now_us;
}

void questions_forget(Questions *self)
{
	mutex_lock(&self->lock);
	g_hash_table_foreach_remove(self->all, is_answered, NULL);
	mutex_unlock(&self->lock);
}

/* ---- with the lock ---- */

/* NULL: there are too many. */
static Question *add(Questions *self, const char *name, const char *id,
	gint64 now_us) REQUIRES(self->lock)
{
	Question *question;

	if (g_hash_table_size(self->all) >= QUESTIONS_MAX / 4)
		g_hash_table_foreach_remove(self->all, is_stale, &now_us);
	if (g_hash_table_size(self->all) >= QUESTIONS_MAX)
		return NULL;
	question = g_new0(Question, 1);
	question->id = g_strdup(id);
	g_hash_table_insert(self->all, g_strdup(name), question);
	return question;
}

static Known answer(const Question *self, GError **error)
{
	if (g_error_matches(self->error, BACKEND_ERROR, BACKEND_ERROR_GONE))
		return KNOWN_NO;
	g_propagate_error(error, g_error_copy(self->error));
	return KNOWN_FAILED;
}

static Known ask(Questions *self, const char *name, const char *id,
	gboolean *ret_push, GError **error) REQUIRES(self->lock)
{
	Question *question = g_hash_table_lookup(self->all, name);
	gint64 now_us = clock_now_us(self->clock);
	gboolean found;

	if (question == NULL)
		question = add(self, name, id, now_us);
	else if (question->asking)
		return KNOWN_NOT_YET;
	else if (question->error != NULL && now_us < question->until_us)
		return answer(question, error);
	if (question == NULL) {
		backend_error_set(error, BACKEND_ERROR_BUDGET,
			"too many unknown names are being asked for");
		return KNOWN_FAILED;
	}
	/* Once: it may have gone again since. */
	found = question->found;
	question->found = FALSE;
	if (found)
		return KNOWN_YES;
	question->asking = TRUE;
	*ret_push = job_queue_add(self->waiting, question);
	return KNOWN_NOT_YET;
}

/* ---- without ---- */

Known questions_ask(Questions *self, const char *name, const char *id,
	gboolean *ret_push, GError **error)
{
	return LOCKED(&self->lock, ask(self, name, id, ret_push, error));
}

Question *questions_next(Questions *self)
{
	return job_queue_next(self->waiting);
}

const char *question_id(const Question *question)
{
	return question->id;
}

void questions_answer(Questions *self, Question *question, GError *error)
{
	gboolean gone =
		g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_GONE);

	mutex_lock(&self->lock);
	question->asking = FALSE;
	question->found = error == NULL;
	g_clear_error(&question->error);
	question->error = error;
	question->until_us = clock_now_us(self->clock);
	if (error != NULL)
		question->until_us += gone ? GONE_US : FAILED_US;
	mutex_unlock(&self->lock);
}
