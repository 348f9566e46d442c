#pragma once

#include "cache/model/dir.h"
#include "cache/store/request.h"

/* What an order answers, a line of JSON; new strings.  All take Dir.lock. */

/* The name of the session of that raw id, which the request is about: as the provider
 * tells it or, where nothing is shown of it, as the request does, which is ours. */
char *operation_answer_name(Dir *dir, const char *raw, const Intent *intent);
/* What is known now of that session. */
char *operation_answer_session(Dir *dir, const char *raw, const Intent *intent);
/* What is kept of it: without what moves, and with the name that it had, where it
 * is not shown any more. */
char *operation_answer_kept(
	Dir *dir, const Outcome *outcome, const Intent *intent);
/* A verb that was for a workspace. */
char *operation_answer_verb(const Dir *dir, const Intent *intent);
