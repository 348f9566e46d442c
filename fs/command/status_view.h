#pragma once

#include <glib.h>

/* One mount, once it was asked. */
typedef struct {
	const char *place;
	int error;         /* an errno of probe.h */
	GPtrArray *blocks; /* StatusBlock *; NULL: it did not tell */
} MountStatus;

/* For people: "/mnt/s: answers", and a table of sections and workspaces. */
void status_view_text(const MountStatus *mount, GString *out);
/* "/mnt/s: answers", or dead, does not answer, unknown: a new string. */
char *status_view_state(const MountStatus *mount);
/* A JSON object. */
void status_view_json(const MountStatus *mount, GString *out);
/* "idle 12, failed 1" of all mounts: a new string. */
char *status_view_phases(const MountStatus *mounts, gsize n);
