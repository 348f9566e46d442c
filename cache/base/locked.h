#pragma once

#include "backends/base/mutex.h"

/* What an expression is worth while that lock is held. */
#define LOCKED(lock, value)                                                    \
	__extension__({                                                        \
		mutex_lock(lock);                                              \
		__auto_type locked_value = (value);                            \
		mutex_unlock(lock);                                            \
		locked_value;                                                  \
	})
