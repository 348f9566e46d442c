#pragma once

#include <glib.h>

/* Defines NAME_ref and NAME_unref of a type that begins with one reference, counted in
 * its `refs`; free: what the last one does.  Any thread; NULL is fine.  Not GLib's,
 * which ThreadSanitizer cannot see through. */
#define REFS_DEFINE(Type, name, free)                                          \
	Type *name##_ref(Type *self)                                           \
	{                                                                      \
		if (self != NULL)                                              \
			__atomic_add_fetch(&self->refs, 1, __ATOMIC_RELAXED);  \
		return self;                                                   \
	}                                                                      \
                                                                               \
	void name##_unref(Type *self)                                          \
	{                                                                      \
		if (self != NULL && __atomic_sub_fetch(&self->refs, 1,         \
					    __ATOMIC_ACQ_REL) == 0)            \
			free(self);                                            \
	}
