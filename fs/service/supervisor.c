#include "fs/service/supervisor.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
	int fd; /* -1: nobody wants to be told */
	struct sockaddr_un address;
	socklen_t address_len;
	gint64 watchdog_us;
	char *name; /* of the socket, as it was told */
} state = {.fd = -1};

/* A variable that is unset, or the pid of this process. */
static gboolean is_for_us(const char *name)
{
	const char *text = g_getenv(name);

	return !text || g_ascii_strtoull(text, NULL, 10) == (guint64)getpid();
}

/* "/run/x", or "@x" for a name in the abstract namespace. */
static gboolean take_address(const char *name)
{
	gsize len = strlen(name);

	if ((*name != '/' && *name != '@') ||
		len >= sizeof(state.address.sun_path))
		return FALSE;
	state.address.sun_family = AF_UNIX;
	memcpy(state.address.sun_path, name, len);
	if (*name == '@')
		state.address.sun_path[0] = '\0';
	else
		len++;
	state.address_len =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return TRUE;
}

void supervisor_find(void)
{
	const char *name = g_getenv("NOTIFY_SOCKET");
	const char *watchdog = g_getenv("WATCHDOG_USEC");

	if (name && is_for_us("SYSTEMD_EXEC_PID")) {
		if (take_address(name))
			state.fd =
				socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (state.fd < 0)
			g_warning("the service manager at %s cannot be told "
				  "anything",
				name);
		else
			state.name = g_strdup(name);
	}
	if (state.fd >= 0 && watchdog && is_for_us("WATCHDOG_PID"))
		state.watchdog_us = g_ascii_strtoll(watchdog, NULL, 10);
	supervisor_hide();
}

void supervisor_hide(void)
{
	g_unsetenv("NOTIFY_SOCKET");
	g_unsetenv("WATCHDOG_USEC");
	g_unsetenv("WATCHDOG_PID");
}

void supervisor_hand_on(void)
{
	g_autofree char *watchdog =
		g_strdup_printf("%" G_GINT64_FORMAT, supervisor_watchdog_us());

	if (state.fd < 0)
		return;
	g_setenv("NOTIFY_SOCKET", state.name, TRUE);
	if (supervisor_watchdog_us())
		g_setenv("WATCHDOG_USEC", watchdog, TRUE);
}

gboolean supervisor_is_there(void)
{
	return state.fd >= 0;
}

gint64 supervisor_watchdog_us(void)
{
	return MAX(state.watchdog_us, 0);
}

gboolean supervisor_tell(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	if (state.fd < 0)
		return TRUE;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	/* Whoever does not read must not hold us up. */
	if (sendto(state.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		    (struct sockaddr *)&state.address, state.address_len) >= 0)
		return TRUE;
	g_debug("the service manager was not told %s: %s", text,
		g_strerror(errno));
	return FALSE;
}
