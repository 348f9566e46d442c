#pragma once

#include "cache/model/core.h"

/* What one section of the configuration says, and the threads that work for it: one of
 * the cache's once it has joined. */
Provider *provider_new(Cache *cache, const CacheProvider *settings);
void provider_join(Provider *provider);
/* Other settings and, unless it is NULL, another backend, which speaks to the same
 * place.  What is under way ends with the old one.  With the root's apply lock. */
void provider_change(Provider *provider, const CacheProvider *settings);
/* All that have joined, a new array; and those alone that the configuration names.
 * Takes Cache.lock. */
GPtrArray *providers_all(Cache *cache);
GPtrArray *providers_named(Cache *cache);
/* At this time, or when the work that one does is over, providers_tidy_run is due.
 * G_MAXINT64: there is nothing to do. */
gint64 providers_tidy_due_us(const Cache *cache);
/* On a worker, of all providers: closes the backends that one had and nobody holds any
 * more and, while the configuration does not name it and none of its threads has
 * work, its connections and files.  Takes the apply locks. */
void providers_tidy_run(void *cache);
/* Ends the calls of each backend that it has or had. */
void provider_abort(Provider *provider);
/* Ends its threads: no work of it runs any more. */
void provider_stop(Provider *provider);
/* Adds what cache_left says of it to a list. */
void provider_left(const Provider *provider, GString *out);
void provider_free(Provider *provider);
