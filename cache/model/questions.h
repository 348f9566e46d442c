#pragma once

#include "backends/base/clock.h"
#include "cache/cache.h"

/*
 * What was asked of a workspace about single names while its listing is incomplete, and
 * the answers that still count.  What was found stands in what the directory shows, and
 * is shown before the question is answered.  Any thread; but for its queue, nothing is
 * called while its lock is held.
 */
typedef struct Questions Questions;

/* One that waits for a worker, or is being asked. */
typedef struct Question Question;

/* The clock outlives it. */
Questions *questions_new(const Clock *clock);
void questions_free(Questions *self);

/*
 * About a name that is not shown, and the id that it stands for.  NOT_YET: it is being
 * asked; *ret_push: a worker has to be pushed that does so.  NO, or FAILED with the error:
 * as it was answered.  YES: it was found, and should be shown by now: look again.
 */
Known questions_ask(Questions *self, const char *name, const char *id,
	gboolean *ret_push, GError **error);

/* For a worker: the next one; NULL: there is none. */
Question *questions_next(Questions *self);
/* Good until it is answered. */
const char *question_id(const Question *question);
/* error (taken): GONE, or why there is no answer; NULL: it is shown. */
void questions_answer(Questions *self, Question *question, GError *error);

/* Forgets what was answered. */
void questions_forget(Questions *self);
