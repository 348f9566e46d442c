#pragma once

#include <glib.h>

/*
 * An HTTP server on loopback that is told what to answer and asked what it saw.
 * It answers its script in order, one connection each, and 500 when the script
 * is used up.
 */
typedef struct ScriptServer ScriptServer;

ScriptServer *script_server_new(void);
void script_server_free(ScriptServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScriptServer, script_server_free)

/* "http://127.0.0.1:PORT" */
const char *script_server_url(const ScriptServer *server);

/* Adds an answer; headers are whole lines ended by \r\n, or NULL. */
void script_server_answer(ScriptServer *server, guint status,
	const char *headers, const char *body);
/* As script_server_answer, but the connection is cut after `cut` bytes. */
void script_server_cut(
	ScriptServer *server, guint status, const char *body, gsize cut);

guint script_server_count(ScriptServer *server);
/* The whole text of the request of that index; new string. */
char *script_server_request(ScriptServer *server, guint index);
