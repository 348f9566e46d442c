#pragma once

#include <glib.h>

/*
 * The ids of one directory, by directory name.  An entry is never forgotten
 * while running, so that an id that vanishes and returns keeps its number;
 * pointers to entries stay good until ids_free.
 *
 * Locking: the caller's.  Adding needs that nobody else reads.
 */
typedef struct Id {
	guint32 number;
	guint32 asked;    /* tick of the question whose answer is shown */
	guint32 came;     /* tick at which that answer was there */
	guint32 relisted; /* the last full listing that listed it */
	guint32 missed;   /* the first whole full listing since that did not, or
	                   MISSED_BY_GET; 0: none */
	guint32 hash;     /* of the name */
	guint16 id_len;
	guint16 name_at; /* into text */
	char text[];     /* the id; its name, where that is another */
} Id;

/* In the place of a full listing: the provider said of this one alone that it is gone. */
#define MISSED_BY_GET G_MAXUINT32

typedef struct IdTable IdTable;

/* reserved is borrowed and outlives the table. */
IdTable *ids_new(const char *const *reserved);
void ids_free(IdTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IdTable, ids_free)

/* So many are to be added soon. */
void ids_expect(IdTable *self, guint count);

/* By directory name. */
Id *ids_find(const IdTable *self, const char *name);
/* By raw id. */
Id *ids_get(const IdTable *self, const char *id);
/* A new entry; NULL when another id has this name already, or when the id is
 * empty or too long to be one. */
Id *ids_add(IdTable *self, const char *id, guint32 number);
/* Visits all in no order. */
void ids_foreach(
	const IdTable *self, void (*visit)(Id *id, void *data), void *data);

static inline const char *id_name(const Id *id)
{
	return id->text + id->name_at;
}
