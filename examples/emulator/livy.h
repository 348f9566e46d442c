#pragma once

#include "emulator.h"

/* The parts of the Apache Livy emulation, of 0.9.0. */

#define LIVY_PREFIX "/livy"
#define LIVY_ROOM "livy" /* the server's only workspace */

/* livy_gate.c: judges a bearer token and the header against forged requests,
 * where the command line asks for them. */
extern const GOptionEntry livy_options[];
extern gboolean livy_yarn; /* sessions get an application and its UI */
extern gint livy_max_creation;
gboolean livy_admit(Exchange *x, const Route *route);

/* livy_record.c */
extern const StoreClass livy_session_class;
/* The record of a session as a create makes it, new string; what only we see of
 * it in *ret_extra. */
char *livy_record_new(
	guint64 id, const Json *spec, gint64 now_ms, char **ret_extra);
/* How a record reads in a state.  *record is replaced. */
void livy_record_tell(char **record, const char *id, const char *state);
/* A record as the server shows it, without what only we see. */
void livy_record_bare(char **record);

/* livy_log.c: the log of a whole record, in lines that grow with its time: how
 * many elements there are, and so many from one on. */
guint64 livy_log_total(const Json *record, gint64 now_ms);
void livy_log_write(GString *out, const Json *record, gint64 now_ms,
	guint64 from, guint64 n);
/* The last lines of one in that state, as an array. */
char *livy_log_short(const char *state);

/* What is wrong with the body of a create. */
typedef struct {
	guint status;
	gboolean bare;   /* a string, and not {"msg"} */
	gboolean counts; /* it uses up an id */
	char *message;   /* NULL: nothing is wrong */
} LivyProblem;

void livy_problem_clear(LivyProblem *problem);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LivyProblem, livy_problem_clear)

/* livy_spec.c */
void livy_spec_check(const Json *spec, LivyProblem *ret);
/* Whether the driver of what it makes starts. */
gboolean livy_spec_starts(const Json *spec);

/* livy_demo.c: a server as a small team might use it. */
void livy_demo(Store *store, gint64 now_ms);

/* livy.c: the four forms of refusals, and the headers of all answers. */
void livy_put_msg(Exchange *x, guint status, const char *message);
void livy_put_string(Exchange *x, guint status, const char *text);
void livy_put_html(Exchange *x, guint status, const char *reason);
void livy_put_nothing(Exchange *x, guint status, const char *type);
