#pragma once

#include "cache/cache.h"

/*
 * The configuration: a file (config_lines.h) whose section [sessionfs] is the daemon's own and
 * whose other sections are providers.  Keys are described by tables; each reader
 * takes what it knows, and whatever is left is an error that names the line.
 */
typedef struct {
	char *name; /* the section's: the directory's name */
	const BackendClass *class;
	GHashTable *keys;     /* the class's own keys: name -> text */
	GHashTable *lines;    /* in which line each key stands: name -> guint */
	guint line;           /* that of the heading; 0: none */
	char **workspaces;    /* NULL: those the list API names */
	char **names;         /* workspace, name, workspace, ...; NULL: none */
	char *workspace_name; /* of all others; NULL: none */
	gboolean read_only, rmdir_ends, start;
	gboolean views; /* links to sessions and workspaces stand there */
	Ended ended;
	gint64 refresh_ms;  /* 0: the daemon's */
	gint64 list_lag_ms; /* -1: as the provider needs it */
	Backend *backend;   /* once config_open made it; NULL: taken */
	gboolean kept;      /* the cache has its backend, and keeps it */
	char *found; /* what the backend found itself, once config_describe has
	                asked it; NULL: not yet */
} ConfigProvider;

typedef struct {
	gboolean read_only;
	gboolean allow_other;
	gboolean events; /* changes are made events of the file system */
	gboolean views;  /* FALSE: in no section; ConfigProvider */
	gboolean log_json;
	gint log_level; /* of GLogLevelFlags the least that is shown */
	gint64 refresh_ms, window_ms, deadline_ms, create_ms;
	gint64 uid, gid;      /* -1: the daemon's */
	char *state_dir;      /* NULL: the default place */
	char *metrics_socket; /* NULL: none */
	char *log_file;       /* NULL: none */
	char *environment;    /* variables for this process; NULL: none */
	char *origin;         /* what was read, for errors; NULL: nothing */
	GPtrArray *providers; /* ConfigProvider * */
	gboolean demo;        /* they are those of --demo */
	gboolean discovered; /* they are those whose credentials are in sight */
} Config;

/* The defaults, with no provider. */
Config *config_new(void);
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* A section without keys; belongs into config->providers. */
ConfigProvider *config_provider_new(
	const char *name, const BackendClass *class);

/* Reads a configuration's text; origin names it in errors.  Errors: CONFIG. */
gboolean config_parse(Config *config, const char *text, const char *origin,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and reads on after an error: adds each of them to `problems` (GError *),
 * and leaves in the configuration what is right. */
void config_parse_all(Config *config, const char *text, const char *origin,
	GPtrArray *problems);

/* The file that is read when none is named, the user's or the system's: new string;
 * NULL: there is neither. */
char *config_place(void);
/* That there is no such type of a provider, which there are, and which is near: a new
 * string. */
char *config_no_type(const char *type);
/* The user's own, which need not be there: new string. */
char *config_user_place(void);

/*
 * Reads `path`; or, when that is NULL, the first of the user's and the system's
 * file that exists; or, when there is none, adds every provider whose
 * credentials are in sight.  again: the daemon serves, and waits for no writer of
 * a FIFO, which is an error then.  Errors: CONFIG.
 */
gboolean config_load(Config *config, const char *path, gboolean again,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Makes each provider's backend.  Of those that were discovered, what cannot be
 * opened is left out with a warning, unless that is all of them.
 * Errors: CONFIG, with each one's reason.
 */
gboolean config_open(Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets one of the daemon's own keys, as `-o key=value` does. */
gboolean config_set(Config *config, const char *key, const char *value,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The keys of [sessionfs], which are options of -o; NULL behind the last. */
const char *config_key(guint i);

/* Where in the file a section, or a key of it (NULL: none), stands: "FILE:3: [prod]",
 * and "[prod]" alone where it stands in none.  New string. */
char *config_where(
	const Config *config, const ConfigProvider *section, const char *key);

/* FALSE with an error that shows what would do: there is no section of a provider.
 * Errors: CONFIG. */
gboolean config_has_sections(const Config *config, GError **error);

/* "5s", "500ms", "2m", "1h", or plain seconds; FALSE when it is none, or over
 * a day. */
#define CONFIG_DURATION                                                        \
	"a duration such as 500ms, 5s (or 5), 2m or 1h, a day at most"
gboolean config_parse_duration(const char *text, gint64 *ret_ms);

/* A value as it may be shown: the login of a URL, every other secret and the whole
 * of a command read "***".  New string. */
char *config_masked(const char *value);

/* "all", "24h", "none": static. */
const char *config_ended_name(Ended ended);

/* What is in force, without secrets: new string.  While the providers have their
 * backends, with what these found in the environment and in vendors' files. */
char *config_describe(const Config *config);

/* ---- in force (config_use.c) ---- */

/* A section as the cache takes it: its backend is taken, the rest borrowed. */
CacheProvider config_section(const Config *config, ConfigProvider *section);
/* Whether the cache would be given another backend; and whether it would be given
 * the same of everything else. */
gboolean config_same_backend(
	const ConfigProvider *section, const ConfigProvider *other);
gboolean config_same_rest(const Config *config, ConfigProvider *section,
	const Config *other_config, ConfigProvider *other);
/* The section of that name; NULL: none. */
ConfigProvider *config_find(const Config *config, const char *name);
/* Of a key: the file that its value is, or names as bearer:FILE does; NULL: it is
 * about none.  Borrowed from value. */
const char *config_file_of(
	const ConfigProvider *provider, const char *key, const char *value);
/* Whether others than its owner may read or write such a file, and it may hold a
 * secret. */
gboolean config_file_is_open(const char *key, const char *path);
/* Logs each file that it names and nobody can read now, since one may come later,
 * and each secret that others can read. */
void config_warn_files(const Config *config, const ConfigProvider *section);
/* Whether the mount leaves in sight each file that a section names: they are read
 * again when they change, and not from our own mount.  Errors: CONFIG. */
gboolean config_files_stay(const Config *config, const char *mountpoint,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Puts the keys that take a new mount back to what they are in `old`: their names,
 * as "events, uid", a new string. */
char *config_keep_fixed(Config *config, const Config *old);
