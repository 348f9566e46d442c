#pragma once

#include "fs/base/flag.h"
#include "fs/start/config.h"

/* The command line: sessionfs [-f] [-d] [-o options] [-c config] MOUNTPOINT. */
typedef struct {
	gboolean foreground, debug, demo, help, version, auto_unmount, keeper;
	gboolean remount; /* start nothing: see remount.h */
	gboolean helper;  /* mount(8) calls: the first operand is its source */
	gboolean fake;    /* mount(8) wants all but the mount done */
	guint trace;      /* bits of trace.h: what is told line by line */
	char *namespace;  /* a mount namespace to enter first; NULL: ours */
	char *config_path;
	char *mountpoint;
	char *source; /* mount(8)'s name of what is mounted; NULL: none */
	GPtrArray *operands; /* char *, as they were written */
	GPtrArray *settings; /* "key", "value" pairs for config_set */
} Options;

void options_clear(Options *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* What the command line may have, for its help text. */
extern const Flag mount_flags[];

/* Whether mount(8) or mount.fuse3 calls us: the first operand is its source, and no
 * command. */
gboolean options_from_mount(int argc, char **argv);

/* `commands` (ended by NULL) are words that are no mount points.  Errors: CONFIG,
 * with a sentence that names the option. */
gboolean options_parse(int argc, char **argv, const char *const *commands,
	Options *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets each -o KEY=VALUE.  Errors: CONFIG, naming the key. */
gboolean options_apply(const Options *options, Config *config,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is logged, by the configuration's key and -d. */
GLogLevelFlags options_log_level(const Options *options, gint level);
