#pragma once

#include <sys/stat.h>

#include "cache.h"

typedef struct Daemon Daemon;

/* The kinds of directories; each static name in them is one row of a table. */
typedef enum {
	DIR_ROOT,
	DIR_SELF, /* .sessionfs */
	DIR_PROVIDER,
	DIR_WORKSPACE,
	DIR_SESSION,
} DirKind;

typedef enum {
	ROW_DIR,     /* .sessionfs */
	ROW_CONTENT, /* a session's file: exact, kept in the page cache */
	ROW_TEXT,    /* made anew for each open, direct I/O */
	ROW_LINK,    /* a symlink; there only while its text is */
	ROW_CREATE,  /* control file: a spec creates a session */
	ROW_VERB,    /* control file: a verb steers one, or a workspace */
} RowKind;

typedef struct {
	const char *name;
	DirKind in;
	guint slot; /* of the entry's number; see node.h */
	RowKind kind;
	mode_t mode;
	SessionFile file;  /* CONTENT */
	gboolean changing; /* TEXT: its bytes change by time alone */
	gboolean optional; /* TEXT, LINK: there only while text is not NULL */
	/* TEXT, LINK: a new string, or NULL. */
	char *(*text)(Daemon *daemon, guint32 number);
} TreeRow;

/* Names that no session or workspace may have; ends with NULL. */
extern const char *const tree_reserved[];

/* The next row of a directory kind after `row` (NULL: the first), or NULL. */
const TreeRow *tree_next(DirKind in, const TreeRow *row);
/* The row of that name in that kind of directory; NULL when there is none. */
const TreeRow *tree_by_name(DirKind in, const char *name);
/* The row that a node stands for, given its directory's kind. */
const TreeRow *tree_by_slot(DirKind in, guint slot);

/* Whether the row stands in this very directory now. */
gboolean tree_present(Daemon *daemon, const TreeRow *row, const Entry *entry);
