#pragma once

#include <glib.h>

#include "backends/http/http.h"
#include "fuzz.h"

/*
 * Answers out of an input: a status, lines of headers, an empty line, a body, as in
 *
 *   429
 *   retry-after: 5
 *
 *   {"code": "Throttling"}
 *
 * What does not begin so is a body with status 200.
 */
HttpAnswer *fuzz_answer_of(const char *bytes, gsize len);

/*
 * From now on http_send takes its answers from the parts that are left, each once;
 * the last one comes again and again.  A status below 100 is the code of the error
 * with which it fails.  Checks each request: nothing may stand in it that would break
 * out of its line.  And what programs print (process_run) comes from there too.
 */
void fuzz_play(FuzzParts parts);
/* How many requests there were since then. */
guint fuzz_played(void);
