#pragma once

#include "fs/base/daemon.h"

/* Texts of the files in .sessionfs; new strings, any thread. */
char *self_version(Daemon *daemon, guint32 number);
char *self_config(Daemon *daemon, guint32 number);
char *self_metrics(Daemon *daemon, guint32 number);
char *self_log(Daemon *daemon, guint32 number);
char *self_trace(Daemon *daemon, guint32 number);
char *self_calls(Daemon *daemon, guint32 number);

/* Of the last two: see trace_size. */
gsize self_trace_size(const Daemon *daemon);
gsize self_calls_size(const Daemon *daemon);
