#pragma once

#include "dir.h"
#include "request.h"

/* What an order answers, a line of JSON; new strings.  Both take Dir.lock. */

/* What is known now of the session of that raw id, made by that request. */
char *order_answer_session(Dir *dir, const char *raw, const char *rid);
/* The same without what moves: its state. */
char *order_answer_kept(Dir *dir, const char *raw, const char *rid);
/* A verb that was for a workspace. */
char *order_answer_verb(const Dir *dir, const Intent *intent);
