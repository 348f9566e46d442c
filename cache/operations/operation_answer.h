#pragma once

#include "cache/model/dir.h"
#include "cache/store/request.h"

/* What an order answers, a line of JSON; new strings.  Both take Dir.lock. */

/* What is known now of the session of that raw id, which the request is about: its
 * name as the provider tells it or, where nothing is shown of it, as the spec does. */
char *operation_answer_session(Dir *dir, const char *raw, const Intent *intent);
/* The same without what moves: its state. */
char *operation_answer_kept(Dir *dir, const char *raw, const Intent *intent);
/* A verb that was for a workspace. */
char *operation_answer_verb(const Dir *dir, const Intent *intent);
