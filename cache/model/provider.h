#pragma once

#include "cache/model/core.h"

/* What one section of the configuration says, and the threads that work for it: one of
 * the cache's.  Before the start. */
Provider *provider_new(Cache *cache, const CacheProvider *settings);
/* Ends its threads: no work of it runs any more. */
void provider_stop(Provider *provider);
/* Adds what cache_left says of it to a list. */
void provider_left(const Provider *provider, GString *out);
void provider_free(Provider *provider);
