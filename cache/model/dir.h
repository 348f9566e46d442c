#pragma once

#include "cache/base/job_queue.h"
#include "cache/model/core.h"
#include "cache/model/listings.h"
#include "cache/model/partials.h"
#include "cache/model/questions.h"
#include "cache/model/recent_writes.h"
#include "cache/model/texts.h"
#include "cache/model/tried.h"
#include "cache/model/watch.h"
#include "cache/store/disk.h"

/*
 * One directory: the root, a provider, or a workspace.  Its rows are the
 * providers, workspaces or sessions in it.  A directory is never freed while
 * the cache runs; one that has vanished from its parent is merely not there.
 *
 * It holds together what belongs to one place.  The parts that stand for themselves
 * (Listing, Partials, Questions, JobQueue, Texts, Tried, Watch) are pointers, with a
 * header and a lock each.  What is shown, and what a change of it needs, is here: `apply`
 * lets one change at a time, `lock` is what readers take.
 */
typedef enum { DIR_ROOT, DIR_PROVIDER, DIR_WORKSPACE } DirKind;

typedef struct Dir {
	Cache *cache;
	DirKind kind;
	guint32 number;
	struct Dir *parent;      /* NULL: the root itself */
	Provider *provider;      /* NULL: the root */
	struct Account *account; /* whose it shows; NULL: the root */
	const char *id, *name;
	char *title;          /* workspace: what its provider calls it; with the
	                        parent's apply; NULL: nothing */
	Listing *listing;     /* of what is in it */
	Partials *partials;   /* likewise, between two listings */
	Questions *questions; /* about names that are not shown */
	/* Openings of open.c: for somebody who waits, and for nobody */
	JobQueue *opening, *following;
	Texts *texts;
	Tried *backfill, *cause; /* of backfill.h and cause.h */
	Watch *watch;            /* its sessions */
	struct Index *index; /* of index.h, which frees it before; atomic; NULL
	                        until somebody asks for a view */
	struct RequestBox *requests; /* workspaces only */

	/* Atomic. */
	int there;   /* in its parent's snapshot */
	int retired; /* the configuration names it no more: see section.h */
	int held;    /* by the kernel */
	gint64 looked_us;  /* 0: never */
	guint32 tick;      /* counts questions to the provider */
	int verify_bodies; /* damage was met: believe no hash of a body */
	guint passing; /* rows in a transitional phase: changed with apply */

	Mutex apply;
	Disk *disk; /* workspaces only; what it has on disk: with apply */
	/* two ids of one name were met, and told of */
	gboolean clashed GUARDED_BY(apply);
	/* changed since completeness was last recorded */
	gboolean unsettled GUARDED_BY(apply);
	/* when a get last called gone what listings had named */
	gint64 doubted_us GUARDED_BY(apply);
	/* a get called gone what a later listing named */
	gboolean gets_err GUARDED_BY(apply);
	gboolean compacting GUARDED_BY(apply);
	/* completeness as it is on disk */
	gint64 recorded_ms GUARDED_BY(apply);
	/* what was ordered here */
	RecentWrites *recent_writes GUARDED_BY(apply);
	/* Id -> the partial record that was laid over last; NULL: none ever
	 * was */
	GHashTable *merge_memo GUARDED_BY(apply);
	/* Id: ended for long, and nobody knows since when; NULL: none */
	GHashTable *past_retention GUARDED_BY(apply);

	/*
	 * What readers see.  These have one lock, since a name leads by its id and the
	 * id's number to a row, all of one moment; and .last to a name.  Changed under
	 * both locks: read under either.
	 */
	Mutex lock;
	IdTable *ids GUARDED_BY(apply, lock);
	Snapshot *shown GUARDED_BY(apply, lock);
	/* number -> Id: sessions that went; NULL: none */
	GHashTable *cut GUARDED_BY(lock);
	/* the session that was made here last; 0: none */
	guint32 last GUARDED_BY(apply, lock);
	/* its entry, which another session may bear by now; NULL: not known */
	const Id *last_id GUARDED_BY(apply, lock);
	/* .last or .partial came or went: the directory's listing changed with it; 0: never */
	gint64 presence_ns GUARDED_BY(lock);
} Dir;

/* id and name are borrowed for life, disk (may be NULL) is taken. */
Dir *dir_new(Cache *cache, DirKind kind, Dir *parent, Provider *provider,
	guint32 number, const char *id, const char *name, Disk *disk);
/* It is whole: one of Cache.dirs from now on, by which it is freed. */
void dir_join(Dir *self);
void dir_free(Dir *self);
/* Shows what a workspace's files hold; before it is there for anybody.  What is
 * damaged is named by g_warning and in .partial, and costs what it held; files
 * that cannot be used at all are named in .last_error. */
void dir_load(Dir *self);

/* The directory that this number stands for, 0 being the root; NULL: none that
 * is there now. */
Dir *dir_find(Cache *cache, guint32 number);
/* The same of a workspace. */
Dir *dir_workspace(Cache *cache, guint32 number);
/* The directory that this number is or lies in; NULL: none. */
Dir *dir_around(Cache *cache, guint32 number);
/* It and all above it are there. */
gboolean dir_is_there(const Dir *self);

/* A session as it is shown at one moment. */
typedef struct {
	Dir *dir;
	Snapshot *shown;
	const Row *row; /* NULL: it is not there, and the rest is NULL too */
} Seen;

void seen_clear(Seen *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seen, seen_clear)

Seen dir_session(Cache *cache, guint32 number);
/* The number of the session of that id; 0: none is shown. */
guint32 dir_number(Dir *self, const char *id);
/* Stopped or failed. */
gboolean phase_has_ended(Phase phase);
/* A session that is on its way to another state by itself. */
gboolean dir_row_passes(const Dir *self, const Row *row);
/* A workspace that takes verbs. */
gboolean dir_is_steered(const Dir *self);
/* Those of the files of a session that cost a call now. */
guint dir_on_demand(const Dir *self, const Row *row);

/* What it shows now; a new reference. */
Snapshot *dir_snapshot(Dir *self);
/* The next tick: of a question that is sent to the provider now, or of an answer that
 * is there now.  See incoming_counts for what hangs on their order. */
guint32 dir_tick(Dir *self);

/* NEWS_LISTING: an answer may be another one now. */
void dir_news_listing(const Dir *self);

/* ---- what is shown: each takes the lock, unless it says that the caller has it ---- */

/* The row of that name, and the snapshot that it stands in; NULL: none is shown. */
const Row *dir_row_of_name(Dir *self, const char *name, Snapshot **ret_shown);
/* The same by the id.  *ret_name: that of the id's directory, for life; NULL: it never
 * had one; the snapshot is always given. */
const Row *dir_row_of_id(
	Dir *self, const char *id, Snapshot **ret_shown, const char **ret_name);
/* The id that this name stands for, shown or not; NULL: none.  For life. */
const Id *dir_id_of_name(Dir *self, const char *name);
/* Whether that id was ever here. */
gboolean dir_knows(Dir *self, const char *id);
/* The name of a session that is shown, or was; NULL: it is none.  New string. */
char *dir_name_of(Dir *self, guint32 number);
guint64 dir_count(Dir *self);
/* When something came or went in it. */
gint64 dir_mtime_ns(Dir *self);
/* Calls fn while nothing else can be shown; row: NULL: it is not shown. */
void dir_with_row(Dir *self, guint32 number,
	void (*fn)(const Row *row, void *data), void *data);

/* What is shown, and all ids there ever were: as long as the caller has the other
 * lock. */
static inline Snapshot *dir_shown(const Dir *self) REQUIRES(self->apply)
{
	return self->shown;
}

static inline IdTable *dir_ids(const Dir *self) REQUIRES(self->apply)
{
	return self->ids;
}

static inline guint32 dir_last_number(const Dir *self) REQUIRES(self->apply)
{
	return self->last;
}

/* An id that is new here, and stands for nothing yet.  NULL: see ids_add. */
Id *dir_add_id(Dir *self, const char *id) REQUIRES(self->apply);
void dir_set_number(Dir *self, Id *id, guint32 number) REQUIRES(self->apply);
/* The snapshot (taken), of the same rows, takes the place of what is shown; or, before
 * anybody knows the directory, of the first ones. */
void dir_show(Dir *self, Snapshot *next) REQUIRES(self->apply);

/* From the change on, the id has that number. */
typedef struct {
	Id *id;
	guint32 number;
} Renumbered;

/* One change of what is shown, at once. */
typedef struct {
	Snapshot *next;      /* taken */
	const guint32 *cuts; /* the numbers that are not in it any more */
	guint n_cuts;
	const Renumbered *renumbered;
	guint n_renumbered;
	/* Pushes the news, while nobody can see another moment.  It must not call
	 * functions that take the lock. */
	void (*tell)(void *data);
	void *data;
} DirChange;

void dir_publish(Dir *self, const DirChange *change) REQUIRES(self->apply);

/* That session was made here last: with the news of it, or, as an earlier run left it,
 * without. */
void dir_set_last(Dir *self, guint32 number) REQUIRES(self->apply);
void dir_restore_last(Dir *self, guint32 number) REQUIRES(self->apply);
/* The name of the session that was made here last, be it there or not; NULL: another one
 * bears that name now, or nobody knows.  Borrowed for life. */
const char *dir_last(Dir *self);

/* ---- its texts, with the news of them ---- */

/* The views came or went. */
void dir_links_changed(Dir *self);
/* The text is taken; NULL: nothing is left out.  One thread at a time. */
void dir_set_partial(Dir *self, char *text);
/* "<UTC> <what>: <sentence>" becomes .last_error, and is kept by a worker. */
void dir_set_error(Dir *self, const char *what, GError *error);
/* "ali/w-1": a new string. */
char *dir_path(const Dir *self);

/* Whether somebody looks, or the kernel holds on. */
gboolean dir_has_interest(const Dir *self, gint64 now_us);

/* A call to the provider has succeeded: pauses of its listings that had no answer
 * are over. */
void dir_heard(const Dir *self);

/* The provider's directory that is shown now, whatever account it is of. */
static inline Dir *provider_dir(const Provider *provider)
{
	return __atomic_load_n(&provider->dir, __ATOMIC_ACQUIRE);
}

/* Of all but the root. */
static inline const BackendClass *dir_class(const Dir *self)
{
	return self->provider->class;
}

/* The state word of a row. */
static inline const char *dir_word(const Dir *self, const Row *row)
{
	return state_names_get(self->cache->state_names, row->word);
}

/* The body of a row, from the snapshot it stands in; NUL-terminated.  Damage is
 * remembered, and told in .last_error and by g_warning.  Not with Dir.lock.  Errors: LOCAL. */
char *dir_body(Dir *self, const Snapshot *shown, const Row *row,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
