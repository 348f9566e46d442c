#pragma once

#include <pthread.h>

#include "backends/base/clock.h"
#include "backends/base/mutex.h"
#include "cache/base/scheduler.h"
#include "cache/base/state_names.h"
#include "cache/base/worker.h"
#include "cache/cache.h"
#include "cache/model/breaker.h"
#include "cache/model/news.h"
#include "cache/model/on_demand.h"
#include "cache/model/sizes.h"
#include "cache/store/dirlog.h"
#include "cache/store/node_ids.h"

/*
 * The whole, as its parts see it.
 *
 * Lock order, outermost first; each may be skipped, none taken backwards:
 *
 *   Dir.apply     one change of a directory at a time: held across disk writes
 *                 and the end of compaction, by workers only
 *   Cache.lock    the lists of directories and of providers
 *   Dir.lock      what readers see of a directory: short, no I/O; never two
 *   Requests      never across I/O, but that of NodeIds
 *   Listing       pushes its news to NewsQueue
 *   Questions     puts what is to be asked into its JobQueue
 *   the leaves    Provider.holding, and inside NodeIds (which writes to DirLog),
 *                 StateNames, NewsQueue, Pool, Scheduler, Sizes, OnDemand,
 *                 Breaker, Watch, Index, Partials, Texts and JobQueue
 *
 * The parts of a directory (model/dir.h) have a lock each, which nobody sees: what has to
 * be known of two of them is asked for in an order that their headers name.
 *
 * None is held across a call of a backend, a callback of an operation or the
 * observer.  Backend's tables, check_spec and renders are pure and may be used
 * anywhere.
 */

struct Dir;

/* Each kind of work has its own threads, so that one never waits for another. */
typedef enum {
	WORK_LIST,
	WORK_PARTIAL,
	WORK_RESOLVE,
	WORK_OPEN,
	WORK_BACKFILL,
	WORK_OPERATION,
	WORK_KINDS,
} Work;

/*
 * A section of the configuration that speaks to one place.  A section that is given
 * another place (account.h) is another one of these; the old one stays, for its open
 * requests and to come back.
 */
typedef struct {
	const BackendClass *class;            /* a place has one */
	Mutex holding;                        /* a leaf */
	Backend *backend GUARDED_BY(holding); /* see provider_hold */
	/* What another configuration may change while all of it is in use: each
	 * is read by itself, and what was there before is kept to the end. */
	_Atomic(char **) workspaces; /* NULL: those the list API names */
	_Atomic(char **) names;      /* of workspaces; see CacheProvider */
	_Atomic(char *) name;
	_Atomic gint64 refresh_ms, list_lag_ms;
	_Atomic gboolean read_only, rmdir_ends, start, views;
	_Atomic Ended ended;
	/* That one and those that are held still, with Cache.lock; and all texts
	 * there ever were, with the root's apply lock. */
	GPtrArray *backends, *texts;
	/* Its own threads: a provider that does not answer slows no other. */
	Pool *work[WORK_KINDS];
	struct Dir *root;
	struct Dir *dir;  /* that of the account which is shown; atomic */
	Breaker *breaker; /* of opens that had no answer */
	const struct Id *section;
	char *place, *source; /* see account.h */
	GPtrArray *accounts;  /* Account: the section's, of all its places; with
	                        the root's apply lock */
	int aside;            /* how many of them are not shown; atomic */
	/* Atomic. */
	guint64 relists, failed, changed;
} Provider;

/* The backend that a section has now.  It may get another one at any time; this one
 * is not closed before it is let go, which ends its scope. */
typedef Backend HeldBackend;
HeldBackend *provider_hold(Provider *provider);
void provider_let_go(HeldBackend *backend);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeldBackend, provider_let_go)

struct Cache {
	char *state_dir;
	char **reserved;
	gint64 refresh_ms, window_ms, deadline_ms;
	guint64 sessions_max, workspaces_max; /* of one provider */
	const Clock *clock; /* of all that is decided by time */
	gint64 created_ns;

	StateNames *state_names;
	NodeIds *node_ids;
	DirLog *tree;
	NewsQueue *news;
	Sizes *sizes;
	OnDemand *on_demand;
	Pool *common; /* for work that belongs to no provider */
	struct Requests *requests;
	Scheduler *scheduler; /* of refresh.h */
	struct Dir *root;
	CacheCalled called; /* NULL: nobody wants to know; as: */
	CacheTraced traced;
	CacheOwes owes; /* NULL: nobody, as: */
	CacheOwesNot owes_not;
	CacheSends sends; /* likewise */
	void *told;       /* what these are called with */

	Mutex lock;
	GPtrArray *dirs GUARDED_BY(lock); /* Dir: all that there ever were */
	GPtrArray *providers GUARDED_BY(lock); /* Provider: likewise */

	/* Atomic: some provider has to be tidied; nobody is at it yet; when somebody
	 * was. */
	int untidy, tidying;
	gint64 tidied_us;

	Mutex stop_lock;
	pthread_cond_t stop_cond;
	gboolean stopping; /* atomic; set with stop_lock */
	gboolean stopped;  /* by the thread that stops it */
};

gboolean cache_is_stopping(Cache *cache);
/* FALSE with CANCELLED: it is stopping. */
gboolean cache_goes_on(Cache *cache, GError **error);
/* Sleeps, but no longer than until the cache is stopped (then FALSE). */
gboolean cache_sleep(Cache *cache, gint64 ms);
/* A line for a trace: see CacheTraced.  Costs next to nothing when there is none. */
void cache_trace(const Cache *cache, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
