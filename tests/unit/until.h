#pragma once

#include <glib.h>

/*
 * Where a unit test waits: for what has to happen, and not for a time in which it may
 * have happened.  The limit only ends a test that would wait for ever, so that it is
 * far longer than anything takes on a machine that others use as well.
 */
#define UNTIL_LIMIT_US (300 * G_USEC_PER_SEC)

/* Waits until check holds; fails the test after five minutes. */
#define fixture_until(check)                                                   \
	G_STMT_START                                                           \
	{                                                                      \
		gint64 until_ = g_get_monotonic_time() + UNTIL_LIMIT_US;       \
		while (!(check)) {                                             \
			g_assert_cmpint(g_get_monotonic_time(), <, until_);    \
			g_usleep(1000); /* sleeps: the one wait of all */      \
		}                                                              \
	}                                                                      \
	G_STMT_END

/* Waits until the expression, a new string each time, is that text. */
#define fixture_until_text(expression, text)                                   \
	G_STMT_START                                                           \
	{                                                                      \
		gint64 end_ = g_get_monotonic_time() + UNTIL_LIMIT_US;         \
		g_autofree char *is_ = (expression);                           \
		while (g_strcmp0(is_, (text)) != 0 &&                          \
			g_get_monotonic_time() < end_) {                       \
			g_usleep(1000); /* sleeps: the same */                 \
			g_free(is_);                                           \
			is_ = (expression);                                    \
		}                                                              \
		g_assert_cmpstr(is_, ==, (text));                              \
	}                                                                      \
	G_STMT_END
