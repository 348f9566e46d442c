#include "fs/command/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/secret.h"
#include "backends/http/http.h"
#include "fs/base/exit_status.h"
#include "fs/base/version.h"
#include "fs/command/bundle_read.h"
#include "fs/command/doctor.h"
#include "fs/command/places.h"
#include "fs/command/status_text.h"
#include "fs/command/status_view.h"
#include "fs/command/tar.h"
#include "fs/start/config.h"
#include "fs/start/config_text.h"
#include "fs/start/mount_table.h"

/* A mount that answered, and hangs then; and the doctor, whose own questions to
 * mounts take 2 seconds. */
#define READ_LIMIT_MS 10000

const Flag bundle_flags[] = {
	{"output", 'o', "FILE",
		"write this file, by default sessionfs-bundle-DATE.tar"},
	{"force", 256, NULL, "write over a file that is there"},
	{"config", 'c', "FILE", "let the doctor look at this configuration"},
	FLAG_HELP,
	{NULL},
};

typedef struct {
	const char *config; /* that -c names; NULL: none */
	gint64 now_s;
	char *top; /* the directory of all entries */
	GString *tar, *about;
	GPtrArray *places; /* char * */
	GPtrArray *asked;  /* Probe *, of each place: its status */
	GPtrArray
		*blocks; /* GPtrArray *, of each place; NULL: it did not tell */
	GPtrArray *read; /* Probe *, of each place that told; else NULL */
} Bundle;

static void bundle_clear(Bundle *self)
{
	g_free(self->top);
	g_string_free(self->tar, TRUE);
	g_string_free(self->about, TRUE);
	g_ptr_array_unref(self->places);
	g_ptr_array_unref(self->asked);
	g_ptr_array_unref(self->blocks);
	g_ptr_array_unref(self->read);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bundle, bundle_clear)

/* ---- secrets ---- */

/* What a key of the configuration may bear: the login of a URL, or a command, whose
 * arguments may be a password. */
static void keep_secrets_of_line(const char *line)
{
	const char *equals = strchr(line, '=');
	g_autofree char *value = g_strstrip(g_strdup(equals ? equals + 1 : ""));

	g_free(config_masked(value)); /* keeps its login in mind */
	if (g_str_has_prefix(value, "exec:"))
		secret_new(value + strlen("exec:"), -1);
}

static void keep_secrets_of_file(const char *named)
{
	const char *wanted = NULL;
	g_autofree char *path =
		named ? config_text_path(named, &wanted) : config_place();
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!path || !g_file_get_contents(path, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		keep_secrets_of_line(*line);
}

static gboolean names_secret(const char *name)
{
	g_autofree char *upper = g_ascii_strup(name, -1);

	return (strstr(upper, "SECRET") || strstr(upper, "TOKEN") ||
		       strstr(upper, "PASSW")) &&
	       !g_str_has_suffix(upper, "_FILE");
}

static void keep_secrets_of_environment(void)
{
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++) {
		const char *value = g_getenv(*name);

		if (!value)
			continue;
		if (names_secret(*name) && *value != '/')
			secret_new(value, -1);
		if (g_str_has_suffix(*name, "_PROXY") ||
			g_str_has_suffix(*name, "_proxy"))
			secret_keep_login(value);
	}
}

/* ---- entries ---- */

static void add(Bundle *self, const char *path, const char *bytes, gsize size)
{
	g_autofree char *whole = g_build_filename(self->top, path, NULL);
	g_autofree char *shown = secret_mask(whole);
	g_autofree char *raw = g_malloc(size + 1);
	g_autofree char *text = NULL;

	for (gsize i = 0; i < size; i++)
		raw[i] = bytes[i] ? bytes[i] : '?';
	raw[size] = '\0';
	text = secret_mask(raw);
	tar_file(self->tar, shown, text, strlen(text), self->now_s);
}

/* The daemon has masked it; the values of an older one as well. */
static void add_config(
	Bundle *self, const char *path, const char *bytes, gsize size)
{
	g_autofree char *text = g_strndup(bytes, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) out = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		const char *value = strstr(*line, " = ");
		g_autofree char *masked =
			config_masked(value ? value + strlen(" = ") : *line);

		if (value)
			g_string_append_len(
				out, *line, value + strlen(" = ") - *line);
		g_string_append(out, masked);
		if (line[1])
			g_string_append_c(out, '\n');
	}
	add(self, path, out->str, out->len);
}

/* ---- this machine ---- */

/* Which files are mapped: their names tell the versions of libraries. */
static void append_libraries(GString *out)
{
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *maps = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/proc/self/maps", &maps, NULL, NULL))
		return;
	lines = g_strsplit(maps, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *path = strchr(*line, '/');
		g_autofree char *real = path ? realpath(path, NULL) : NULL;

		if (real && strstr(real, ".so") &&
			g_hash_table_add(seen, g_strdup(real)))
			g_string_append_printf(out, "library: %s\n", real);
	}
}

static void append_machine(GString *out)
{
	g_autofree char *system = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME);
	g_autofree char *version = version_text();
	struct utsname kernel = {0};

	uname(&kernel);
	g_string_append_printf(out,
		"%s%s\nkernel: %s %s %s %s\nsystem: %s\nuser: %d\n", version,
		http_library(), kernel.sysname, kernel.release, kernel.version,
		kernel.machine, system ? system : "unknown", (int)geteuid());
	append_libraries(out);
}

static void add_mountinfo(Bundle *self)
{
	g_autoptr(GPtrArray) table = mount_table();
	g_autoptr(GString) ours = g_string_new(NULL);

	for (guint i = 0; i < table->len; i++) {
		const MountEntry *entry = g_ptr_array_index(table, i);

		if (entry->ours)
			g_string_append_printf(ours, "%s\n", entry->line);
	}
	add(self, "mountinfo", ours->str, ours->len);
}

/* In a process of its own, which is why all that it prints is found there. */
static int run_doctor(const void *data, int out)
{
	const Bundle *self = data;
	char *words[] = {(char *)"doctor", (char *)"--offline", (char *)"-c",
		(char *)self->config, NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(CommandLine) line = command_line_parse(
		doctor_flags, self->config ? 4 : 2, words, &error);

	if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		return errno;
	close(out); /* a question of the doctor's that hangs would keep it */
	doctor_run(line);
	return fflush(stdout) ? errno : 0;
}

static void add_doctor(Bundle *self, const Probe *doctor)
{
	g_autoptr(GString) text = g_string_new_len(
		probe_text(doctor), (gssize)probe_size(doctor));

	if (probe_error(doctor))
		g_string_append_printf(text, "the doctor has not ended: %s\n",
			g_strerror(probe_error(doctor)));
	add(self, "doctor", text->str, text->len);
}

/* ---- the mounts ---- */

static void ask_status(Bundle *self)
{
	for (guint i = 0; i < self->places->len; i++)
		g_ptr_array_add(self->asked,
			probe_start(g_ptr_array_index(self->places, i),
				".sessionfs/status"));
	probe_wait(self->asked, PROBE_LIMIT_MS);
}

static gboolean answers(int error)
{
	return !error || error == ENOENT; /* an older one, without that file */
}

static void read_mounts(Bundle *self)
{
	g_autoptr(GPtrArray) started = g_ptr_array_new();

	for (guint i = 0; i < self->asked->len; i++) {
		const Probe *asked = g_ptr_array_index(self->asked, i);
		GPtrArray *blocks = NULL;
		BundleSource source = {g_ptr_array_index(self->places, i)};
		Probe *probe = NULL;

		if (!probe_error(asked))
			blocks = status_text_parse(probe_text(asked));
		source.blocks = blocks;
		if (answers(probe_error(asked)))
			probe = bundle_read(&source);
		if (probe)
			g_ptr_array_add(started, probe);
		g_ptr_array_add(self->blocks, blocks);
		g_ptr_array_add(self->read, probe);
	}
	probe_wait(started, READ_LIMIT_MS);
}

/* What is missing, is said; but most have no .partial. */
static guint add_files(Bundle *self, const char *folder, const Probe *probe)
{
	g_autoptr(GArray) files = bundle_read_files(probe);
	g_autoptr(GString) missing = g_string_new(NULL);
	g_autofree char *list = g_build_filename(folder, "missing", NULL);
	guint count = 0;

	for (guint i = 0; i < files->len; i++) {
		const BundleFile *file = &g_array_index(files, BundleFile, i);
		g_autofree char *path =
			g_build_filename(folder, file->path, NULL);

		if (file->error && file->error != ENOENT)
			g_string_append_printf(missing, "%s: %s\n", file->path,
				g_strerror(file->error));
		if (file->error)
			continue;
		(strcmp(file->path, ".sessionfs/config") ? add : add_config)(
			self, path, file->bytes, file->size);
		count++;
	}
	if (probe_error(probe))
		g_string_append_printf(missing, "the rest: %s\n",
			g_strerror(probe_error(probe)));
	if (missing->len)
		add(self, list, missing->str, missing->len);
	return count;
}

/* A line of `about` for each. */
static void add_mount(Bundle *self, guint i)
{
	const Probe *read = g_ptr_array_index(self->read, i);
	MountStatus mount = {g_ptr_array_index(self->places, i),
		probe_error(g_ptr_array_index(self->asked, i)), NULL};
	g_autofree char *folder = g_strdup_printf("mounts/%u", i + 1);
	g_autofree char *whole = g_build_filename(self->top, folder, NULL);
	g_autofree char *line = status_view_state(&mount);
	guint files = 0;

	tar_folder(self->tar, whole, self->now_s);
	if (read)
		files = add_files(self, folder, read);
	g_string_append_printf(self->about, "%s: %s; %u files%s%s\n", folder,
		line, files, read && probe_error(read) ? ", then " : "",
		read && probe_error(read) ? g_strerror(probe_error(read)) : "");
}

/* ---- the file ---- */

static int write_all(int fd, const GString *bytes)
{
	for (gsize done = 0; done < bytes->len;) {
		ssize_t got = write(fd, bytes->str + done, bytes->len - done);

		if (got < 0 && errno != EINTR)
			return errno;
		done += (gsize)MAX(got, 0);
	}
	return fsync(fd) && errno != EINVAL ? errno : 0;
}

/* Whole, or not at all: 0, or an errno. */
static int save(const char *path, const GString *tar, gboolean force)
{
	g_autofree char *part = g_strconcat(path, ".XXXXXX", NULL);
	const char *name = force ? part : path;
	int fd = force ? g_mkstemp_full(part, O_WRONLY | O_CLOEXEC, 0600)
		       : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				 0600);
	int error;

	if (fd < 0)
		return errno;
	error = write_all(fd, tar);
	if (close(fd) && !error)
		error = errno;
	if (!error && force && rename(part, path))
		error = errno;
	if (error)
		unlink(name);
	return error;
}

static int say_exists(const char *path)
{
	return command_line_fail(EXIT_FAILURE,
		"%s is there already: --force writes over it", path);
}

static void say_contents(const Bundle *self, const char *path)
{
	g_autofree char *mounts = secret_mask(self->about->str);

	printf("%s\n"
	       "about: versions, libraries, kernel\n"
	       "mountinfo, doctor: what this machine says of the mounts\n"
	       "%s"
	       "Secrets read ***. Names of workspaces and sessions are inside: "
	       "look at it before you send it.\n",
		path, mounts);
	if (!self->places->len)
		fputs("sessionfs: no sessionfs is mounted: only this machine "
		      "is inside\n",
			stderr);
}

/* ---- the command ---- */

static void fill(Bundle *self)
{
	g_autoptr(GString) machine = g_string_new(NULL);
	g_autoptr(GPtrArray) doctors =
		g_ptr_array_new_with_free_func((GDestroyNotify)probe_free);
	g_autofree char *about = NULL;

	keep_secrets_of_file(self->config);
	keep_secrets_of_environment();
	g_ptr_array_add(doctors, probe_run(run_doctor, self));
	ask_status(self);
	read_mounts(self);
	probe_wait(doctors, READ_LIMIT_MS);
	tar_folder(self->tar, self->top, self->now_s);
	add_mountinfo(self);
	add_doctor(self, g_ptr_array_index(doctors, 0));
	for (guint i = 0; i < self->places->len; i++)
		add_mount(self, i);
	append_machine(machine);
	about = g_strconcat(machine->str, self->about->str, NULL);
	add(self, "about", about, strlen(about));
	tar_end(self->tar);
}

static void blocks_free(void *blocks)
{
	if (blocks)
		g_ptr_array_unref(blocks);
}

static void maybe_probe_free(void *probe)
{
	if (probe)
		probe_free(probe);
}

/* Takes the places. */
static Bundle bundle_new(GPtrArray *places, const char *config)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(
		clock_wall_ms(&clock_real) / 1000);

	return (Bundle){
		.config = config,
		.now_s = g_date_time_to_unix(now),
		.top = g_date_time_format(
			now, "sessionfs-bundle-%Y%m%dT%H%M%SZ"),
		.tar = g_string_new(NULL),
		.about = g_string_new(NULL),
		.places = places,
		.asked = g_ptr_array_new_with_free_func(maybe_probe_free),
		.blocks = g_ptr_array_new_with_free_func(blocks_free),
		.read = g_ptr_array_new_with_free_func(maybe_probe_free),
	};
}

/* Takes the places. */
static int write_bundle(const CommandLine *line, GPtrArray *places)
{
	g_auto(Bundle) self =
		bundle_new(places, command_line_value(line, "config"));
	const char *named = command_line_value(line, "output");
	gboolean force = command_line_has(line, "force");
	g_autofree char *path =
		named ? g_strdup(named) : g_strconcat(self.top, ".tar", NULL);
	int error;

	/* Before anybody waits for nothing. */
	if (!force && g_file_test(path, G_FILE_TEST_EXISTS))
		return say_exists(path);
	fill(&self);
	error = save(path, self.tar, force);
	if (error == EEXIST)
		return say_exists(path);
	if (error)
		return command_line_fail(EXIT_FAILURE,
			"%s cannot be written: %s", path, g_strerror(error));
	say_contents(&self, path);
	return EXIT_SUCCESS;
}

int bundle_run(const CommandLine *line)
{
	GPtrArray *places = places_named(line);

	return places ? write_bundle(line, places) : STATUS_NO_MOUNT;
}
