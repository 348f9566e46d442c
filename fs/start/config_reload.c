#include "fs/start/config_reload.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/secret.h"
#include "backends/base/thread.h"
#include "fs/base/log.h"
#include "fs/base/log_file.h"
#include "fs/base/node.h"
#include "fs/kernel/notify.h"
#include "fs/service/pulse.h"
#include "fs/start/mount.h"
#include "fs/start/reload_gone.h"
#include "fs/tree/self.h"
#include "fs/tree/tree.h"

struct Reload {
	Daemon *daemon;
	const Options *options;
	const char *mountpoint;
	Config **config;

	Mutex lock;
	pthread_t thread;
	gboolean started GUARDED_BY(lock); /* the thread is to be joined */
	gboolean running GUARDED_BY(lock), again GUARDED_BY(lock);
};

/* ---- reading ---- */

/* Whether the file can be read without asking ourselves. */
static gboolean is_in_sight(const Reload *self, GError **error)
{
	const char *path = self->options->config_path;
	g_autofree char *user = config_user_place();

	if (self->options->demo) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the demo has no configuration");
		return FALSE;
	}
	if (!path)
		path = user;
	if (!mount_covers(self->mountpoint, path))
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"the mount at %s hides %s", self->mountpoint, path);
	return FALSE;
}

/* Sections whose backend stays as it is. */
static void keep_backends(Config *config, const Config *old)
{
	for (guint i = 0; i < config->providers->len; i++) {
		ConfigProvider *one = g_ptr_array_index(config->providers, i);
		ConfigProvider *before = config_find(old, one->name);

		one->kept = before && config_same_backend(one, before);
		if (one->kept)
			one->found = g_strdup(before->found);
	}
}

static gboolean read_anew(const Reload *self, Config *config, GError **error)
{
	if (!is_in_sight(self, error) ||
		!config_load(config, self->options->config_path, TRUE, error) ||
		!options_apply(self->options, config, error) ||
		!config_files_stay(config, self->mountpoint, error) ||
		!config_has_sections(config, error))
		return FALSE;
	keep_backends(config, *self->config);
	return config_open(config, error);
}

/* ---- changing ---- */

/* What happened to the sections, for the log. */
typedef struct {
	Daemon *daemon;
	GString *done, *failed;
} Changes;

static void note(GString *list, const char *what, const char *name)
{
	g_string_append_printf(
		list, "%s[%s] %s", list->len ? ", " : "", name, what);
}

static void drop_sections(Changes *changes, Config *config, Config *old)
{
	for (guint i = old->providers->len; i-- > 0;) {
		ConfigProvider *one = g_ptr_array_index(old->providers, i);
		g_autoptr(GError) error = NULL;
		g_autoptr(SectionUse) use = NULL;

		if (config_find(config, one->name))
			continue;
		use = section_use_of(changes->daemon, one->name);
		if (cache_drop(changes->daemon->cache, one->name, &error)) {
			note(changes->done, "removed", one->name);
			section_use_tell(use);
			continue;
		}
		note(changes->failed, error->message, one->name);
		g_ptr_array_add(config->providers,
			g_ptr_array_steal_index(old->providers, i));
	}
}

/* FALSE: it stays as it was. */
static gboolean put_section(
	Changes *changes, Config *config, ConfigProvider *one, Config *old)
{
	ConfigProvider *before = config_find(old, one->name);
	g_autoptr(GError) error = NULL;
	g_autoptr(SectionUse) use = NULL;
	CacheProvider provider;

	if (before && one->kept && config_same_rest(config, one, old, before))
		return TRUE;
	provider = config_section(config, one);
	use = section_use_of(changes->daemon, one->name);
	if (cache_put(changes->daemon->cache, &provider, &error)) {
		note(changes->done, before ? "changed" : "added", one->name);
		section_use_tell(use);
		return TRUE;
	}
	note(changes->failed, error->message, one->name);
	return FALSE;
}

/* What stays as it was is described so, too. */
static void take_back(Config *config, guint i, Config *old, const char *name)
{
	guint at;

	g_ptr_array_remove_index(config->providers, i);
	if (!g_ptr_array_find(old->providers, config_find(old, name), &at))
		return;
	g_ptr_array_insert(config->providers, (gint)i,
		g_ptr_array_steal_index(old->providers, at));
}

static void put_sections(Changes *changes, Config *config, Config *old)
{
	for (guint i = config->providers->len; i-- > 0;) {
		ConfigProvider *one = g_ptr_array_index(config->providers, i);
		g_autofree char *name = g_strdup(one->name);

		if (!put_section(changes, config, one, old))
			take_back(config, i, old, name);
	}
}

/* ---- telling ---- */

static void show_config(const Reload *self, char *text)
{
	const TreeRow *row = tree_by_name(DIR_SELF, "config");

	self_set_config(text);
	notify_inode(self->daemon->notify, node_make(0, row->slot));
}

/* In the log, to the service manager, and above what is in force. */
static void tell_failure(const Reload *self, const char *what)
{
	g_autofree char *when = time_text(clock_wall_ms(&clock_real));
	g_autofree char *text = config_describe(*self->config);
	g_autofree char *line = secret_mask(what);

	/* It may quote the file, and becomes a line of a text. */
	g_strdelimit(line, "\n\r", ' ');
	g_warning("%s", line);
	pulse_remark(self->daemon->pulse, line);
	show_config(self, g_strdup_printf("# %s %s\n%s", when, line, text));
}

static void tell_done(const Reload *self, const Changes *changes)
{
	g_message("the configuration was read again: %s",
		changes->done->len ? changes->done->str
				   : "the sections are the same");
	pulse_remark(self->daemon->pulse, NULL);
	show_config(self, config_describe(*self->config));
}

/* ---- the whole ---- */

/* It may have been moved away, as logrotate(8) does. */
static void open_log(const Config *config)
{
	g_autoptr(GError) error = NULL;

	if (!log_file_open(config->log_file, &error))
		g_warning("the log goes on where it was: %s", error->message);
}

static void use(Reload *self, Config *config)
{
	Config *old = *self->config;
	g_autofree char *fixed = config_keep_fixed(config, old);
	Changes changes = {
		self->daemon, g_string_new(NULL), g_string_new(NULL)};

	if (*fixed)
		g_warning("these keys of [sessionfs] stay as they are until a "
			  "new mount: %s",
			fixed);
	/* It asks the backends, which the cache is about to take. */
	g_free(config_describe(config));
	log_set_level(options_log_level(self->options, config->log_level));
	log_set_json(config->log_json);
	open_log(config);
	drop_sections(&changes, config, old);
	put_sections(&changes, config, old);
	*self->config = config;
	config_free(old);
	tell_done(self, &changes);
	if (changes.failed->len) {
		g_autofree char *what = g_strdup_printf(
			"not all of the configuration is in force: %s",
			changes.failed->str);

		tell_failure(self, what);
	}
	g_string_free(changes.done, TRUE);
	g_string_free(changes.failed, TRUE);
}

static void reload_once(Reload *self)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *what = NULL;

	pulse_reloading(self->daemon->pulse, TRUE);
	if (read_anew(self, config, &error)) {
		use(self, g_steal_pointer(&config));
	} else {
		open_log(*self->config);
		what = g_strdup_printf("the configuration stays as it was: %s",
			error->message);
		tell_failure(self, what);
	}
	pulse_reloading(self->daemon->pulse, FALSE);
}

static gboolean is_to_go_on(Reload *self)
{
	gboolean again;

	mutex_lock(&self->lock);
	again = self->again;
	self->again = FALSE;
	self->running = again;
	mutex_unlock(&self->lock);
	return again;
}

static void *reload_run(void *data)
{
	do
		reload_once(data);
	while (is_to_go_on(data));
	return NULL;
}

void reload_ask(Reload *self)
{
	mutex_lock(&self->lock);
	if (self->running) {
		self->again = TRUE;
	} else {
		/* The last one is at its end. */
		if (self->started)
			pthread_join(self->thread, NULL);
		self->running = self->started = TRUE;
		self->thread = thread_start("reload", reload_run, self);
	}
	mutex_unlock(&self->lock);
}

Reload *reload_new(Daemon *daemon, const Options *options,
	const char *mountpoint, Config **config)
{
	Reload *self = g_new0(Reload, 1);

	self->daemon = daemon;
	self->options = options;
	self->mountpoint = mountpoint;
	self->config = config;
	mutex_init(&self->lock);
	return self;
}

void reload_free(Reload *self)
{
	gboolean started;

	if (!self)
		return;
	mutex_lock(&self->lock);
	started = self->started;
	mutex_unlock(&self->lock);
	if (started)
		pthread_join(self->thread, NULL);
	mutex_destroy(&self->lock);
	g_free(self);
}
