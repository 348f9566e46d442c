#pragma once

#include "backends/base/mutex.h"
#include "cache/cache.h"
#include "fs/base/node.h"
#include "fs/keeper/kept_types.h"

/* What lies where in the memory of kept.h; for its own sources alone. */

/* Grows with each change of what lies where. */
#define LAYOUT 3u

#define AREAS 64u
#define REST_MAX (1024u * 1024u)
#define GIVEN_MAX 8192u
#define HANDLES 65535u
#define NO_PLACE 0xffffu
#define PAGE 4096u
#define DEBTS 8192u

typedef struct {
	char read[KEPT_READ]; /* a request; its length is 0 while it is read */
	char rest[REST_MAX];
	guint32 forgot; /* so many nodes of a FORGET were counted */
	guint32 given;
	guint64 unique; /* of the reply that gives them; 0: none began */
	guint64 nodes[GIVEN_MAX];
} Area;

typedef struct {
	guint32 layout;
	guint32 init_len[2];
	char init[2][KEPT_INIT_MAX];
	guint64 answers;      /* atomic */
	guint64 beats;        /* likewise */
	guint64 handles_last; /* the number given last; atomic */
	guint32 handles_end;  /* no place behind that was ever used */
	guint32 debts_end;    /* likewise */
	guint32 owes_all;     /* atomic */
} Head;

/* Where each part lies: the file is sparse, and most of it never exists.  Each begins
 * with a page, since a look at a page makes it. */
#define ROUND_UP(n) (((guint64)(n) + PAGE - 1) / PAGE * PAGE)
#define AT_AREAS ((guint64)PAGE)
#define AT_HANDLES (AT_AREAS + ROUND_UP(AREAS * sizeof(Area)))
#define AT_REMOVED (AT_HANDLES + ROUND_UP(HANDLES * sizeof(KeptHandle)))
#define AT_DEBTS (AT_REMOVED + ROUND_UP(NUMBERS * sizeof(guint32)))
#define NUMBERS ((guint64)CACHE_NUMBER_MAX + 1)
#define AT_DIRS (AT_DEBTS + ROUND_UP(DEBTS * sizeof(KeptNews)))
#define AT_FILES (AT_DIRS + NUMBERS * sizeof(guint32))
#define SIZE (AT_FILES + NUMBERS * NODE_SLOTS * sizeof(guint32))
/* Read and written, and not mapped. */
#define AT_TEXTS SIZE
#define SIZE_ALL (AT_TEXTS + HANDLES * (guint64)KEPT_COLLECTED_MAX)

G_STATIC_ASSERT(sizeof(Head) <= PAGE && AT_FILES % PAGE == 0);
G_STATIC_ASSERT(sizeof(Area) % 8 == 0 && sizeof(KeptHandle) % 8 == 0);

typedef struct Kept Kept;
struct Kept {
	int fd;
	char *base;
	Head *head;
	Area *areas;
	KeptHandle *handles;
	Mutex lock;
	gboolean taken[AREAS] GUARDED_BY(lock); /* by threads of this process */
	GArray *free_handles GUARDED_BY(lock);  /* guint16 */
	GArray *free_debts GUARDED_BY(lock);    /* guint32: places */
	KeptNews *debts;
};
