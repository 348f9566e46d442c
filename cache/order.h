#pragma once

#include "dir.h"

/* Runs an order to its end and tells; a job for the pool, data is the Order,
 * whose reference it takes. */
void order_run(void *data);

typedef enum { ORDER_QUEUED, ORDER_SENT, ORDER_DROPPED } OrderState;

/* The inside of an order, for the files that carry orders out. */
struct Order {
	int refs;
	int state; /* OrderState; atomic */
	Cache *cache;
	Dir *dir;        /* the workspace; NULL: there is none of that number */
	guint32 session; /* control: its number; 0: the workspace's own */
	char *spec;      /* create; NULL: control */
	gsize spec_len;
	char *verb;
	gint64 deadline_us;
	OrderDone done;
	void *data;
	char *answer;
	GError *error;
	char *what; /* "create in ali/w-1" */
};

/* A call on behalf of the order: its first byte decides whether it can still be
 * dropped. */
Call order_call(Order *self);
/* Sets the answer from what is known of the session now. */
void order_answer_set(Order *self, const char *id);
void order_answer_workspace(Order *self, const char *verb);

/* Both on a worker. */
gboolean order_create(Order *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean order_control(Order *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean order_steer(Order *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
