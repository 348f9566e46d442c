#include "fs/command/doctor_net.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 5000

NetPlace *net_place_new(const char *url)
{
	g_autofree char *whole = strstr(url, "://")
					 ? g_strdup(url)
					 : g_strconcat("http://", url, NULL);
	g_autoptr(GUri) uri = g_uri_parse(whole, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : NULL;
	NetPlace *place;
	int port;

	if (!uri || !g_uri_get_host(uri) || !*g_uri_get_host(uri))
		return NULL;
	port = g_uri_get_port(uri);
	/* As curl has it: a proxy without a port is at 1080. */
	if (port <= 0)
		port = !strcmp(scheme, "https")         ? 443
		       : g_str_has_prefix(url, "http:") ? 80
							: 1080;
	place = g_new0(NetPlace, 1);
	place->host = g_strdup(g_uri_get_host(uri));
	place->port = g_strdup_printf("%d", port);
	return place;
}

void net_place_free(NetPlace *place)
{
	g_free(place->host);
	g_free(place->port);
	g_free(place);
}

gboolean net_place_is_near(const NetPlace *place)
{
	return !strcmp(place->host, "localhost") ||
	       !strcmp(place->host, "::1") ||
	       g_str_has_prefix(place->host, "127.");
}

static char *look_up(const NetPlace *place, struct addrinfo **ret)
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
	int code;

	/* Else a server that is away takes half a minute. */
	g_setenv("RES_OPTIONS", "timeout:2 attempts:1", FALSE);
	code = getaddrinfo(place->host, place->port, &wanted, ret);
	if (!code)
		return NULL;
	return g_strdup(
		code == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(code));
}

char *net_resolve(const NetPlace *place)
{
	struct addrinfo *list;
	char *why = look_up(place, &list);

	if (!why)
		freeaddrinfo(list);
	return why;
}

/* 0, or an errno. */
static int connect_one(const struct addrinfo *address)
{
	int fd = socket(address->ai_family,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int error = 0, ready;

	if (fd < 0)
		return errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen))
		error = errno;
	if (error == EINPROGRESS) {
		ready = poll(&wait, 1, CONNECT_MS);
		if (ready == 1)
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		else
			error = ready ? errno : ETIMEDOUT;
	}
	close(fd);
	return error;
}

char *net_connect(const NetPlace *place)
{
	struct addrinfo *list = NULL;
	char *why = look_up(place, &list);
	int error = 0;

	if (why)
		return why;
	for (struct addrinfo *one = list; one; one = one->ai_next) {
		error = connect_one(one);
		if (!error)
			break;
	}
	freeaddrinfo(list);
	return error ? g_strdup(g_strerror(error)) : NULL;
}
