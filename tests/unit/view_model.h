#pragma once

#include "cache_fixture.h"

/*
 * What the views and tables of a workspace must be, worked out from what the
 * cache says of its sessions one by one.
 */

/* Waits until views can be asked. */
void views_wait(Fixture *self, guint32 workspace);
/* Compares all views and both tables with the sessions; nothing may change
 * meanwhile. */
void views_check(Fixture *self, guint32 workspace);

/* The names that a view lists, joined by a blank; of BY_NAME "link=session". */
char *views_list(Fixture *self, guint32 workspace, ByWhat by);
/* The links of a group, joined by a blank; NULL: there is no such group. */
char *views_links(
	Fixture *self, guint32 workspace, ByWhat by, const char *group);
/* The number of a group; 0: there is none. */
guint32 views_group(
	Fixture *self, guint32 workspace, ByWhat by, const char *group);
/* A table, whose size must be what cache_table_stat says. */
char *views_table(Fixture *self, guint32 workspace, CacheTable table);
