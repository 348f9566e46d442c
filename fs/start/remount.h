#pragma once

#include "fs/start/options.h"

/*
 * What `mount -o remount` comes to.  It starts no daemon and changes nothing: a
 * remount that asks for what is in force succeeds, and one that asks for anything
 * else is refused, so that nobody believes in a change that was not made.
 *
 * mountpoint: as mount_point gives it.  Says on stderr that the file of config= is
 * not read.  Errors: LOCAL, naming the first setting that differs.
 */
gboolean remount_check(const Options *options, const char *mountpoint,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
