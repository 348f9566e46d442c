#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <microhttpd.h>

#include "backends/error.h"

#define IDLE_SECONDS 120
#define CONNECTIONS_MAX 1000
#define HEAD_MAX (256 * 1024)
#define BLOCK (64 * 1024)

struct Server {
	struct MHD_Daemon *daemon;
	Emulator *emulator;
};

/* A body that is sent in pieces, and perhaps not to its end. */
typedef struct {
	char *bytes; /* NULL: generated */
	guint64 len, cut;
} Stream;

/* The request begins here, since later the target is known decoded only. */
static void *on_target(
	void *cls, const char *target, struct MHD_Connection *connection)
{
	return request_new(target);
}

static enum MHD_Result on_header(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	Request *request = cls;

	g_ptr_array_add(request->headers,
		g_strdup_printf("%s: %s", name, value ? value : ""));
	return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection,
	void **state, enum MHD_RequestTerminationCode why)
{
	g_clear_pointer((Request **)state, request_unref);
}

static ssize_t on_read(void *cls, uint64_t at, char *out, size_t max)
{
	/* A JSON string that never ends, so that only a limit stops a parser. */
	static const char head[] = "{\"sessionClusters\":[\"";
	Stream *stream = cls;
	gsize n;

	if (at >= stream->cut)
		return stream->cut < stream->len
			       ? MHD_CONTENT_READER_END_WITH_ERROR
			       : MHD_CONTENT_READER_END_OF_STREAM;
	n = MIN(max, stream->cut - at);
	if (stream->bytes) {
		memcpy(out, stream->bytes + at, n);
		return (ssize_t)n;
	}
	memset(out, 'x', n);
	for (gsize i = 0; i < n && at + i < sizeof(head) - 1; i++)
		out[i] = head[at + i];
	return (ssize_t)n;
}

static void stream_free(void *cls)
{
	Stream *stream = cls;

	g_free(stream->bytes);
	g_free(stream);
}

/* Takes the body out of the answer. */
static struct MHD_Response *stream_response(Answer *answer)
{
	Stream *stream = g_new0(Stream, 1);

	/* A big body exists only while it is sent. */
	if (answer->big >= 0) {
		stream->len = answer->big;
	} else {
		stream->len = answer->body->len;
		stream->bytes = g_string_free(answer->body, FALSE);
		answer->body = g_string_new(NULL);
	}
	stream->cut = answer->cut >= 0 ? MIN((guint64)answer->cut, stream->len)
				       : stream->len;
	return MHD_create_response_from_callback(
		answer->chunked ? MHD_SIZE_UNKNOWN : stream->len, BLOCK,
		on_read, stream, stream_free);
}

static struct MHD_Response *whole_response(Answer *answer)
{
	gsize len = answer->body->len;
	char *bytes = g_string_free(answer->body, FALSE);

	answer->body = g_string_new(NULL);
	return MHD_create_response_from_buffer(
		len, bytes, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_answer(
	struct MHD_Connection *connection, Answer *answer)
{
	gboolean streamed =
		answer->big >= 0 || answer->cut >= 0 || answer->chunked;
	struct MHD_Response *response =
		streamed ? stream_response(answer) : whole_response(answer);
	enum MHD_Result result;

	for (guint i = 0; i < answer->headers->len; i++) {
		char *header = answer->headers->pdata[i];
		char *colon = strchr(header, ':');

		*colon = '\0';
		MHD_add_response_header(response, header, colon + 2);
	}
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

/* Called once when the head is there, for each piece of the body, and once more
 * at its end: only then is the request whole and may be answered. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version,
	const char *upload, size_t *upload_size, void **state)
{
	Server *server = cls;
	Request *request = *state;
	g_auto(Answer) answer = {0};

	answer_init(&answer);
	if (!request->method) {
		request->method = g_strdup(method);
		MHD_get_connection_values(
			connection, MHD_HEADER_KIND, on_header, request);
		return MHD_YES;
	}
	if (*upload_size) {
		request_feed(request, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	g_byte_array_append(request->body, (const guint8 *)"", 1);
	request->body->len--;
	if (request->too_big)
		answer_take(&answer, 413, g_strdup("{}"));
	else
		emulator_answer(server->emulator, request, &answer);
	return answer.drop ? MHD_NO : send_answer(connection, &answer);
}

Server *server_start(Emulator *emulator, guint16 port, GError **error)
{
	Server *self = g_new0(Server, 1);
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	self->emulator = emulator;
	self->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
						MHD_USE_THREAD_PER_CONNECTION |
						MHD_USE_POLL,
		port, NULL, NULL, on_request, self, MHD_OPTION_SOCK_ADDR,
		&address, MHD_OPTION_URI_LOG_CALLBACK, on_target, self,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, self,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX,
		MHD_OPTION_END);
	if (self->daemon)
		return self;
	backend_error_set(error, BACKEND_ERROR_LOCAL,
		"cannot listen on 127.0.0.1:%u: %s", port, g_strerror(errno));
	g_free(self);
	return NULL;
}

guint16 server_port(const Server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info->port;
}

void server_stop(Server *server)
{
	if (!server)
		return;
	faults_close(server->emulator->faults);
	MHD_stop_daemon(server->daemon);
	g_free(server);
}
