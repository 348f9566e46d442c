#pragma once

#include <pthread.h>

/* What an expression is worth while that lock is held. */
#define LOCKED(lock, value)                                                    \
	__extension__({                                                        \
		pthread_mutex_lock(lock);                                      \
		__auto_type locked_value = (value);                            \
		pthread_mutex_unlock(lock);                                    \
		locked_value;                                                  \
	})
