#pragma once

#include "cache/model/core.h"
#include "cache/model/recent_writes.h"
#include "cache/model/watch.h"
#include "cache/store/disk.h"

/*
 * One directory: the root, a provider, or a workspace.  Its rows are the
 * providers, workspaces or sessions in it.  A directory is never freed while
 * the cache runs; one that has vanished from its parent is merely not there.
 */
typedef enum { DIR_ROOT, DIR_PROVIDER, DIR_WORKSPACE } DirKind;

/* How far the knowledge of a directory goes.  Under Dir.lock. */
typedef struct {
	gboolean complete; /* has been, once */
	gboolean relisting;
	gboolean wanted; /* somebody waits for it */
	gboolean asked;  /* somebody told to ask now */
	gint64 listed_ms; /* wall clock of the last complete full listing; 0: never */
	gint64 started_us; /* of the last full listing; 0: none since the start */
	gint64 took_us;
	gint64 failed_us; /* when the last full listing failed; 0: it did not */
	gint64 begged_us; /* when somebody last asked for it while it was not
	                     complete; 0: never */
	gint64 retry_us;  /* the provider asked for peace until then */
	guint failures;   /* one after the other */
	GError *error;    /* of the last full listing, if it failed */
	guint transitional; /* rows in a transitional phase */
	gint64 boost_us;    /* an operation was given: as if something passed */
	guint32 relist;     /* counts them */
	guint pages;        /* of the last, or, if more, of the one under way */
	guint page;         /* the last read of the one under way; 0: none */
	guint64 so_far;     /* entries of it */
	gint64 total;       /* of its entries, as the provider tells; -1: not */
	guint64 left_out;   /* entries that the last good one could not show */
	gint64 proved;  /* the number of sessions that a total told and a page
	                     behind the last one proved; 0: none did */
	gint64 lacking; /* by how much totals are known to be too high */
} Listing;

/* What partial refresh.h does between two listings.  Under Dir.lock. */
typedef struct {
	gboolean running;
	gboolean asked;      /* somebody told to ask now */
	gboolean boost;      /* something that is watched is passing */
	gboolean living_few; /* all the living were listed last time */
	gboolean
		living_many; /* they were too many since the last full listing */
	gint64 done_ms;      /* wall clock of the last good one; 0: never */
	gint64 started_us;   /* of the last one; 0: none */
	gint64 took_us;
	gint64 retry_us;  /* the provider asked for peace until then */
	gint64 failed_us; /* when the last one failed */
	gboolean unheard; /* since there was no answer */
	gboolean broken;  /* since the provider does not work */
	guint failures;   /* one after the other */
} PartialState;

/* What waits for a few workers of a directory.  Under Dir.lock. */
typedef struct {
	GQueue waiting;
	guint workers;
} JobQueue;

/* See refresh/sweep.h. */
typedef struct {
	struct Dir *dir;
	const struct SweepKind *kind;
	gboolean running;  /* under Dir.lock: a job is under way; it owns: */
	GHashTable *again; /* number -> when it may be asked for again */
} Sweep;

typedef struct Dir {
	Cache *cache;
	DirKind kind;
	guint32 number;
	struct Dir *parent;      /* NULL: the root itself */
	Provider *provider;      /* NULL: the root */
	struct Account *account; /* whose it shows; NULL: the root */
	const char *id, *name;
	char *title;         /* workspace: what its provider calls it; with the
	                        parent's apply; NULL: nothing */
	Watch *watch;        /* its sessions */
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

	Mutex lock;
	/* changed under both locks: read under either */
	IdTable *ids GUARDED_BY(apply, lock);
	Snapshot *shown GUARDED_BY(apply, lock); /* likewise */
	/* number -> Id: sessions that went; NULL: none */
	GHashTable *cut GUARDED_BY(lock);
	Listing listing GUARDED_BY(lock);
	PartialState partial_refresh GUARDED_BY(lock);
	/* name -> Question; NULL: none were made yet */
	GHashTable *questions GUARDED_BY(lock);
	JobQueue asking GUARDED_BY(lock); /* Question of resolve_name.c */
	/* Question of open.c */
	JobQueue opening GUARDED_BY(lock), following GUARDED_BY(lock);
	char *last_error GUARDED_BY(lock), *partial GUARDED_BY(lock);
	/* the disk does not have that yet */
	gboolean error_unkept GUARDED_BY(lock);
	/* the session that was made here last; 0: none */
	guint32 last GUARDED_BY(apply, lock);
	/* its entry, which another session may bear by now; NULL: not known */
	const Id *last_id GUARDED_BY(apply, lock);
	/* .last or .partial came or went: the directory's listing changed with it; 0: never */
	gint64 presence_ns GUARDED_BY(lock);
	gint64 text_ns GUARDED_BY(lock);
	Sweep backfill, cause; /* of backfill.h and cause.h */
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
/* The number of the session of that id; 0: none is shown.  Takes the lock. */
guint32 dir_number(Dir *self, const char *id);
/* Stopped or failed. */
gboolean phase_has_ended(Phase phase);
/* A session that is on its way to another state by itself. */
gboolean dir_row_passes(const Dir *self, const Row *row);
/* A workspace that takes verbs. */
gboolean dir_is_steered(const Dir *self);
/* Those of the files of a session that cost a call now. */
guint dir_on_demand(const Dir *self, const Row *row);

/* With Dir.lock: the item waits.  TRUE: there are fewer workers than `most`; now one
 * more is counted, which the caller has to push. */
gboolean job_queue_add(JobQueue *self, gpointer item, guint most);
/* Takes the lock: the next item for a worker of that line; NULL: its work is done. */
gpointer job_queue_next(Dir *dir, JobQueue *self);

/* What it shows now; a new reference. */
Snapshot *dir_snapshot(Dir *self);
/* The next tick: of a question that is sent to the provider now, or of an answer that
 * is there now.  See incoming_counts for what hangs on their order. */
guint32 dir_tick(Dir *self);

/* With Dir.lock. */
void dir_news(Dir *self, NewsKind kind);
/* With Dir.lock: NEWS_TEXT. */
void dir_text_news(Dir *self, guint texts);
/* That session was made here last. */
void dir_set_last(Dir *self, guint32 number) REQUIRES(self->apply, self->lock);
/* The name of the session that was made here last, be it there or
 * not; NULL: another one bears that name now, or nobody knows.  Borrowed for life. */
const char *dir_last(const Dir *self) REQUIRES(self->lock);
/* .last, .partial or the views came or went. */
void dir_presence_changed(Dir *self) REQUIRES(self->lock);
/* Replaces a text (taken) and tells. */
void dir_set_text(Dir *self, char **text, char *value) REQUIRES(self->lock);
/* Takes the lock: "<UTC> <what>: <sentence>" becomes .last_error, and is kept by a
 * worker. */
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
