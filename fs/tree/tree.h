#pragma once

#include <sys/stat.h>

#include "cache/cache.h"

typedef struct Daemon Daemon;

/* The kinds of directories; each static name in them is one row of a table. */
typedef enum {
	DIR_ROOT,
	DIR_SELF, /* .sessionfs */
	DIR_PROVIDER,
	DIR_WORKSPACE,
	DIR_SESSION,
	DIR_VIEW,     /* .by-name and its like; a provider's has workspaces */
	DIR_GROUP,    /* in one of them: the sessions of a state, of a user */
	DIR_WAIT,     /* .wait */
	DIR_REQUESTS, /* .requests */
	DIR_REQUEST,
} DirKind;

/* What a row is; rows.c has a line for each. */
typedef enum {
	ROW_DIR,      /* .sessionfs, .by-name, .wait */
	ROW_CONTENT,  /* a session's file: exact, kept in the page cache */
	ROW_TEXT,     /* made anew for each open by the cache, direct I/O */
	ROW_OPTIONAL, /* the same; there only while its text is not NULL */
	ROW_REQUEST,  /* the same, of a request; there only where that has it */
	ROW_SELF,     /* the same, by the daemon about itself */
	ROW_TRACE,    /* the same; stat tells the size of the last one made */
	ROW_LOG,     /* a generation of the event log, direct I/O; its node goes
	                with the generation: view_of_now */
	ROW_TABLE,   /* all sessions of a workspace, direct I/O */
	ROW_LINK,    /* a symlink; there only while its text is not NULL */
	ROW_SESSION, /* a symlink to a session or workspace, in a view */
	ROW_CREATE,  /* control file: a spec creates a session */
	ROW_VERB,    /* control file: a line is an operation */
	ROW_REFRESH, /* control file: touching it asks the provider now */
	ROW_WAIT,    /* its read takes until a phase is reached */
	N_ROW_KINDS,
} RowKind;

/* cache_control, or what takes the same. */
typedef Operation *(*GiveOperation)(Cache *cache, guint32 number,
	const char *line, gint64 deadline_us, OperationDone done, void *data);

typedef struct {
	const char *name; /* NULL: of a SESSION */
	guint slot;       /* of the entry's number; see node.h */
	RowKind kind;
	mode_t mode;

	DirKind leads;      /* DIR: the kind of directory that it is */
	ByWhat by;          /* DIR that leads to DIR_VIEW, SESSION */
	SessionFile file;   /* CONTENT */
	gboolean rest;      /* CONTENT: what comes after the first line of a
	                       file that bears more than its name says */
	RequestText part;   /* REQUEST */
	GiveOperation give; /* VERB */
	gboolean words;     /* VERB: its line may have several, else one */
	CacheTable table;   /* TABLE */
	Phase phase;        /* WAIT */
	guint age;          /* LOG: of the generation */
	guint trace;        /* TRACE: the bit of trace.h */
	char *(*self)(Daemon *daemon); /* SELF: a new string */
	/* TEXT, OPTIONAL, LINK, SESSION: a new string, or NULL. */
	char *(*text)(Cache *cache, guint32 number);

	gboolean changing; /* TEXT, SELF: its bytes change by time alone */
	gboolean
		steered; /* VERB: there where a provider's workspaces take any */
	gboolean hidden; /* found by its name, never listed */
} TreeRow;

/* Names that no session or workspace may have; ends with NULL. */
extern const char *const tree_reserved[];

/* The next row of a directory kind after `row` (NULL: the first), or NULL. */
const TreeRow *tree_next(DirKind in, const TreeRow *row);
/* The row of that name in that kind of directory; NULL when there is none. */
const TreeRow *tree_by_name(DirKind in, const char *name);
/* The row that a node stands for, given the kind of its number's directory. */
const TreeRow *tree_by_slot(DirKind in, guint slot);
/* The row of a view in a workspace, and that of a link to a session (or, BY_NAME,
 * a workspace) in it, which has no name of its own. */
const TreeRow *tree_view(ByWhat by);
const TreeRow *tree_link(ByWhat by);

/* Whether it comes and goes with its text. */
gboolean tree_is_optional(const TreeRow *row);
/* Whether it is, or holds, links to directories: not everybody wants those. */
gboolean tree_is_for_links(const TreeRow *row);
