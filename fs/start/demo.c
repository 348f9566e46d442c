#include "fs/start/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/spawn.h"
#include "fs/start/mount.h"

#define PROGRAM "sessionfs-emulator"
#define READY "ready "
#define START_MS 10000
#define END_US (2 * G_USEC_PER_SEC)

/* Beside us when installed, in its own folder in a build tree. */
static char *find_program(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self ? g_path_get_dirname(self) : NULL;
	const char *places[] = {PROGRAM, "../examples/emulator/" PROGRAM};

	for (gsize i = 0; folder && i < G_N_ELEMENTS(places); i++) {
		char *path = g_build_filename(folder, places[i], NULL);

		if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
			return path;
		g_free(path);
	}
	return g_find_program_in_path(PROGRAM);
}

#define KEY_ID "emulator-key"
#define KEY_SECRET "emulator-secret"

/* One section: a type, the key that tells where the emulator is, what stands
 * there behind the emulator's own URL, and the other lines. */
typedef struct {
	const char *type, *place, *path, *keys;
} DemoSection;

static const DemoSection sections[] = {
	{"alibaba", "endpoint", "", "region = cn-hangzhou\n"},
	{"emr-serverless", "endpoint", "", "region = us-east-1\n"},
	{"emr", "endpoint", "", "region = us-east-1\n"},
	{"dli", "endpoint", "", "region = cn-north-4\n"},
	{"livy", "url", "/livy", ""},
	{"dataproc", "endpoint", "",
		"project = emulator-project\nregion = us-central1\n"},
};

/* What only the demo's own emulator accepts. */
static const struct {
	const char *name, *value;
} credentials[] = {
	{"ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID},
	{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", KEY_SECRET},
	{"AWS_ACCESS_KEY_ID", KEY_ID},
	{"AWS_SECRET_ACCESS_KEY", KEY_SECRET},
	{"HUAWEICLOUD_SDK_AK", KEY_ID},
	{"HUAWEICLOUD_SDK_SK", KEY_SECRET},
	{"HUAWEICLOUD_SDK_PROJECT_ID", "0123456789abcdef0123456789abcdef"},
	{"CLOUDSDK_AUTH_ACCESS_TOKEN", "emulator-token"},
};

/* What would win over them, or send what is meant for the emulator elsewhere. */
static const char *const in_the_way[] = {
	"ALIBABA_CLOUD_SECURITY_TOKEN",
	"AWS_CREDENTIAL_EXPIRATION",
	"AWS_DEFAULT_PROFILE",
	"AWS_ENDPOINT_URL",
	"AWS_ENDPOINT_URL_EMR",
	"AWS_ENDPOINT_URL_EMR_SERVERLESS",
	"AWS_PROFILE",
	"AWS_ROLE_ARN",
	"AWS_SECURITY_TOKEN",
	"AWS_SESSION_TOKEN",
	"AWS_USE_DUALSTACK_ENDPOINT",
	"AWS_USE_FIPS_ENDPOINT",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
	"CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
	"CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
	"GOOGLE_APPLICATION_CREDENTIALS",
	"HUAWEICLOUD_SDK_CREDENTIALS_FILE",
	"HUAWEICLOUD_SDK_IDP_ID",
	"HUAWEICLOUD_SDK_ID_TOKEN_FILE",
	"HUAWEICLOUD_SDK_SECURITY_TOKEN",
};

static void set_credentials(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(in_the_way); i++)
		g_unsetenv(in_the_way[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(credentials); i++)
		g_setenv(credentials[i].name, credentials[i].value, TRUE);
}

/* It keeps nothing of ours open: whoever reads our stderr to its end, as $(...)
 * does, would wait for the emulator too. */
static pid_t spawn(const char *program, int output)
{
	char *argv[] = {(char *)program, (char *)"--demo",
		(char *)"--die-with-parent", NULL};
	const Spawn how = {
		/* What a terminal interrupts is the daemon, which ends it. */
		.program = program,
		.files = {SPAWN_KEEP, output, SPAWN_NULL},
		.apart = TRUE};
	pid_t pid;

	return spawn_program(&how, argv, &pid) ? -1 : pid;
}

/* One line, within START_MS. */
static char *read_line(int fd)
{
	gint64 until = clock_now_us(&clock_real) + START_MS * 1000;
	g_autoptr(GString) line = g_string_new(NULL);
	struct pollfd ready = {fd, POLLIN, 0};
	char c;

	while (line->len < 256) {
		gint64 left = (until - clock_now_us(&clock_real)) / 1000;

		if (left <= 0 || poll(&ready, 1, (int)left) <= 0 ||
			read(fd, &c, 1) != 1)
			return NULL;
		if (c == '\n')
			return g_string_free(g_steal_pointer(&line), FALSE);
		g_string_append_c(line, c);
	}
	return NULL;
}

/* ---- the place ---- */

#define CLAIM_US (10 * G_USEC_PER_SEC)
#define CLAIM_POLL_US (20 * G_TIME_SPAN_MILLISECOND)

/* The directory itself bears the lock, since the state of a demo has a place of its
 * own each time.  Where it cannot be locked, nothing is. */
gboolean demo_claim(Demo *demo, const char *mountpoint, GError **error)
{
	int fd = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gint64 until = clock_now_us(&clock_real) + CLAIM_US;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) &&
		errno == EWOULDBLOCK) {
		if (!mount_is_free(mountpoint, error)) {
			close(fd);
			return FALSE;
		}
		if (clock_now_us(&clock_real) > until) {
			close(fd);
			return backend_error_false(error, BACKEND_ERROR_EXISTS,
				"another sessionfs --demo is about to mount at "
				"%s, or about to end there",
				mountpoint);
		}
		g_usleep(CLAIM_POLL_US);
	}
	demo->place_fd = MAX(fd, 0);
	return mount_is_free(mountpoint, error);
}

/* ---- the emulator ---- */

static char *start(const char *program, pid_t *ret_pid)
{
	g_autofree char *line = NULL;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	pid = spawn(program, ends[1]);
	close(ends[1]);
	line = pid > 0 ? read_line(ends[0]) : NULL;
	close(ends[0]);
	*ret_pid = pid;
	if (!line || !g_str_has_prefix(line, READY))
		return NULL;
	return g_strdup(line + strlen(READY));
}

/* Types that this version does not know are left out. */
static gboolean add_sections(Config *config, const char *url, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
		const DemoSection *section = &sections[i];

		if (backend_class_find(section->type))
			g_string_append_printf(text, "[%s]\n%s = %s%s\n%s",
				section->type, section->place, url,
				section->path, section->keys);
	}
	config->demo = TRUE;
	return config_parse(config, text->str, "--demo", error);
}

gboolean demo_start(Demo *ret, Config *config, GError **error)
{
	g_autofree char *program = find_program();
	Demo demo = {0};

	if (!program)
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"%s, which --demo needs, was not found beside "
			"sessionfs or in PATH",
			PROGRAM);
	set_credentials();
	demo.url = start(program, &demo.pid);
	if (demo.url && add_sections(config, demo.url, error)) {
		ret->pid = demo.pid;
		ret->url = demo.url;
		return TRUE;
	}
	if (!demo.url)
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"%s did not start", program);
	demo_end(&demo);
	return FALSE;
}

void demo_end(Demo *demo)
{
	gint64 until = clock_now_us(&clock_real) + END_US;

	g_clear_pointer(&demo->url, g_free);
	if (demo->place_fd > 0)
		close(demo->place_fd);
	demo->place_fd = 0;
	if (demo->pid <= 0)
		return;
	kill(demo->pid, SIGTERM);
	while (waitpid(demo->pid, NULL, WNOHANG) == 0) {
		if (clock_now_us(&clock_real) > until) {
			kill(demo->pid, SIGKILL);
			waitpid(demo->pid, NULL, 0);
			break;
		}
		g_usleep(5000);
	}
	demo->pid = 0;
}
