#pragma once

/*
 * Warnings that a test provokes.  g_test_expect_message does not see structured
 * logging.  Threads: those of the code under test may warn.
 */

/* From here on warnings are kept instead of ending the test. */
void warnings_keep(void);
/* Exactly one was kept and matches the pattern ('*' and '?'); from here on they
 * end the test again. */
void warnings_expect_one(const char *pattern);
/* They end the test again; how many were kept does not matter. */
void warnings_drop(void);
