#pragma once

#include <glib.h>

/*
 * The names of links, each of one session.  Sessions of one name get it numbered:
 * NAME, NAME~2, NAME~3, the lowest that is free when they come, cut at a
 * character where it would be longer than names may be.  The caller's lock.
 */
typedef struct LinkNames LinkNames;

LinkNames *link_names_new(void);
void link_names_free(LinkNames *self);

/* name: as name_escape gives it.  Borrowed until it is dropped. */
const char *link_names_take(LinkNames *self, const char *name, guint32 number);
/* Nobody is called so any more; returns the very string, for the caller to
 * free. */
char *link_names_drop(LinkNames *self, const char *link);
/* Who is called so; 0: nobody. */
guint32 link_names_find(const LinkNames *self, const char *link);
