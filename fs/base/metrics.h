#pragma once

#include <glib.h>

/*
 * Counters of the kernel's questions, and how long they and the calls of providers
 * took.  To count takes no lock, but for a call's duration, and cannot fail.  Any
 * thread.
 */
typedef struct Metrics Metrics;

typedef enum {
	OP_LOOKUP,
	OP_FORGET,
	OP_GETATTR,
	OP_SETATTR,
	OP_READLINK,
	OP_OPEN,
	OP_READ,
	OP_WRITE,
	OP_FLUSH,
	OP_RELEASE,
	OP_FSYNC,
	OP_OPENDIR,
	OP_READDIR,
	OP_READDIRPLUS,
	OP_RELEASEDIR,
	OP_STATFS,
	OP_RMDIR,
	OP_POLL,
	OP_REFUSED, /* unlink, create, rename and the like */
	OP_PARKED,  /* requests that had to wait */
	OP_INVALIDATION,
	OP_EVENT,        /* made for watchers */
	OP_EVENT_FAILED, /* could not be made */
	N_OPS,
} Op;

Metrics *metrics_new(void);
void metrics_free(Metrics *metrics);
void metrics_count(Metrics *metrics, Op op);
/* An operation is over; op: as trace.h names it. */
void metrics_took(Metrics *metrics, const char *op, gint64 took_us);
/* An attempt of a provider's call is over. */
void metrics_called(Metrics *metrics, const char *section, const char *action,
	gint64 took_us);
/* Appends Prometheus text. */
void metrics_print(Metrics *metrics, GString *out);
