#include "fs/base/crash.h"

#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "backends/base/thread.h"
#include "fs/base/crash_out.h"
#include "fs/version.h"

#define NAME ".crash"
#define FRAMES 64
#define MODULES 96
#define BUILD_ID 20
#define GIVE_UP_S 5

/* A program or library, as it lies in memory. */
typedef struct {
	guintptr base, end;
	guint8 id[BUILD_ID];
	gsize id_len;
	char name[64];
} Module;

static struct {
	int fd;
	char *path;
	CrashTell tell;
	void *data;
	gint taken; /* atomic: by the first thread that has a fault */
	guint n_modules;
	Module modules[MODULES];
} crash = {.fd = -1};

static const struct {
	int number;
	const char *name;
} faults[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"},
	{SIGFPE, "SIGFPE"}, {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"},
	{SIGSYS, "SIGSYS"}};

/* ---- before: the modules ---- */

/* The notes of a segment: the one that GNU calls the build id. */
static void read_notes(Module *module, const char *at, gsize size)
{
	const char *end = at + size;

	while (at + sizeof(ElfW(Nhdr)) <= end) {
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)(const void *)at;
		const char *name = at + sizeof(*note);
		const char *desc = name + ((note->n_namesz + 3u) & ~3u);

		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			!memcmp(name, "GNU", 4) && note->n_descsz <= BUILD_ID) {
			memcpy(module->id, desc, note->n_descsz);
			module->id_len = note->n_descsz;
			return;
		}
		at = desc + ((note->n_descsz + 3u) & ~3u);
	}
}

static int add_module(struct dl_phdr_info *info, size_t size, void *data)
{
	Module *module = &crash.modules[crash.n_modules];
	const char *slash = strrchr(info->dlpi_name, '/');

	if (crash.n_modules == MODULES)
		return 1;
	module->base = info->dlpi_addr;
	g_strlcpy(module->name,
		slash ? slash + 1
		      : (*info->dlpi_name ? info->dlpi_name : "sessionfs"),
		sizeof(module->name));
	for (guint i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		guintptr from = info->dlpi_addr + part->p_vaddr;

		if (part->p_type == PT_LOAD)
			module->end = MAX(module->end, from + part->p_memsz);
		if (part->p_type == PT_NOTE)
			read_notes(module, (const char *)from, part->p_memsz);
	}
	crash.n_modules++;
	return 0;
}

static const Module *module_of(guintptr address)
{
	for (guint i = 0; i < crash.n_modules; i++) {
		const Module *module = &crash.modules[i];

		if (address >= module->base && address < module->end)
			return module;
	}
	return NULL;
}

/* ---- in the handler ---- */

static const char *name_of(int number)
{
	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
		if (faults[i].number == number)
			return faults[i].name;
	}
	return "";
}

static void tell_head(CrashOut *out, int number, const siginfo_t *info)
{
	char thread[16] = "";
	struct timespec now;

	prctl(PR_GET_NAME, thread);
	clock_gettime(CLOCK_REALTIME, &now);
	crash_out_text(out, "sessionfs " SESSIONFS_VERSION);
	crash_out_text(out, "\nsignal: ");
	crash_out_number(out, number);
	crash_out_text(out, " ");
	crash_out_text(out, name_of(number));
	crash_out_text(out, "\ncode: ");
	crash_out_number(out, info->si_code);
	/* Above 0 it is the kernel's, which says where; else somebody sent it. */
	crash_out_text(out, info->si_code > 0 ? "\naddress: " : "\nsender: ");
	if (info->si_code > 0)
		crash_out_hex(out, (guintptr)info->si_addr);
	else
		crash_out_number(out, info->si_pid);
	crash_out_text(out, "\nseconds: ");
	crash_out_number(out, now.tv_sec);
	crash_out_text(out, "\nprocess: ");
	crash_out_number(out, getpid());
	crash_out_text(out, "\nthread: ");
	crash_out_text(out, thread);
	crash_out_text(out, "\n");
}

static void tell_place(CrashOut *out, guintptr address)
{
	const Module *module = module_of(address);

	crash_out_hex(out, address);
	if (module) {
		crash_out_text(out, " ");
		crash_out_text(out, module->name);
		crash_out_text(out, "+");
		crash_out_hex(out, address - module->base);
	}
	crash_out_text(out, "\n");
}

static void tell_registers(CrashOut *out, const ucontext_t *context)
{
#if defined(__x86_64__)
	crash_out_text(out, "at: ");
	tell_place(out, (guintptr)context->uc_mcontext.gregs[REG_RIP]);
	crash_out_text(out, "stack: ");
	crash_out_hex(out, (guint64)context->uc_mcontext.gregs[REG_RSP]);
	crash_out_text(out, "\n");
#elif defined(__aarch64__)
	crash_out_text(out, "at: ");
	tell_place(out, (guintptr)context->uc_mcontext.pc);
	crash_out_text(out, "stack: ");
	crash_out_hex(out, context->uc_mcontext.sp);
	crash_out_text(out, "\n");
#endif
}

static void tell_modules(CrashOut *out)
{
	crash_out_text(out, "\nmodules: base, build id\n");
	for (guint i = 0; i < crash.n_modules; i++) {
		const Module *module = &crash.modules[i];

		crash_out_hex(out, module->base);
		crash_out_text(out, " ");
		crash_out_bytes(out, module->id, module->id_len);
		crash_out_text(out, " ");
		crash_out_text(out, module->name);
		crash_out_text(out, "\n");
	}
}

static void tell_frames(CrashOut *out)
{
	void *frames[FRAMES];
	int n = backtrace(frames, FRAMES);

	crash_out_text(out, "\nframes: the handler's first\n");
	for (int i = 0; i < n; i++)
		tell_place(out, (guintptr)frames[i]);
}

/* A handler that hangs would leave a mount that hangs. */
static void give_up_soon(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &plain, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	alarm(GIVE_UP_S);
}

static void handle(int number, siginfo_t *info, void *context)
{
	CrashOut out = {.fd = crash.fd};

	/* Another thread is at it; its end is ours. */
	if (!g_atomic_int_compare_and_exchange(&crash.taken, 0, 1)) {
		sleep(GIVE_UP_S);
		return;
	}
	give_up_soon();
	tell_head(&out, number, info);
	tell_registers(&out, context);
	crash_out_flush(&out);
	if (crash.tell)
		crash.tell(crash.fd, crash.data);
	tell_modules(&out);
	crash_out_flush(&out);
	tell_frames(&out);
	crash_out_flush(&out);
	/* SA_RESETHAND has restored the default; it comes when we return. */
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

/* ---- before and after ---- */

static void set_handlers(gboolean ours)
{
	struct sigaction action = {.sa_sigaction = handle,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
	struct sigaction plain = {.sa_handler = SIG_DFL};

	sigemptyset(&action.sa_mask);
	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
		sigaction(faults[i].number, ours ? &action : &plain, NULL);
}

/* -1 with errno.  A FIFO has nobody who reads it: we do not wait for one. */
static int open_report(const char *path)
{
	int fd = open(path,
		O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC |
			O_NOFOLLOW | O_NONBLOCK,
		0600);
	struct stat attr;

	if (fd < 0 || (!fstat(fd, &attr) && S_ISREG(attr.st_mode)))
		return fd;
	close(fd);
	errno = ENXIO;
	return -1;
}

void crash_install(const char *state_dir, CrashTell tell, void *data)
{
	void *frame;

#ifdef THREAD_HAS_SANITIZER
	return;
#endif
	crash.path = g_build_filename(state_dir, NAME, NULL);
	crash.fd = open_report(crash.path);
	if (crash.fd < 0) {
		g_warning("a crash would leave no report: %s: %s", crash.path,
			g_strerror(errno));
		g_clear_pointer(&crash.path, g_free);
		return;
	}
	crash.tell = tell;
	crash.data = data;
	crash.n_modules = 0;
	dl_iterate_phdr(add_module, NULL);
	/* The first call loads the unwinder. */
	if (backtrace(&frame, 1) < 1)
		g_debug("there is no unwinder");
	thread_take_faults();
	set_handlers(TRUE);
}

void crash_remove(void)
{
	if (crash.fd < 0)
		return;
	set_handlers(FALSE);
	unlink(crash.path);
	close(crash.fd);
	crash.fd = -1;
	g_clear_pointer(&crash.path, g_free);
}

/* ---- the next run ---- */

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names have times: the first are the oldest. */
static void drop_old(const char *state_dir)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(state_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (g_str_has_prefix(name, NAME "-"))
			g_ptr_array_add(
				names, g_build_filename(state_dir, name, NULL));
	}
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i + CRASH_KEPT < names->len; i++)
		unlink(g_ptr_array_index(names, i));
}

char *crash_found(const char *state_dir)
{
	g_autofree char *path = g_build_filename(state_dir, NAME, NULL);
	g_autoptr(GDateTime) when = NULL;
	g_autofree char *stamp = NULL;
	g_autofree char *kept = NULL;
	struct stat attr;

	if (lstat(path, &attr) || !S_ISREG(attr.st_mode) || !attr.st_size)
		return NULL;
	when = g_date_time_new_from_unix_utc(attr.st_mtime);
	stamp = g_date_time_format(when, "%Y%m%dT%H%M%S");
	/* A service that is started again may crash twice in a second. */
	kept = g_strdup_printf(
		"%s-%s.%09ldZ", path, stamp, attr.st_mtim.tv_nsec);
	if (rename(path, kept)) {
		g_warning("the report of a crash, %s, cannot be kept: %s", path,
			g_strerror(errno));
		return NULL;
	}
	drop_old(state_dir);
	return g_steal_pointer(&kept);
}
