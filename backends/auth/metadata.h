#pragma once

#include "backends/auth/chain.h"

/*
 * The services by which a cloud hands out credentials to its own machines, without
 * a proxy.  Most give a token first, which later questions bear.
 */
typedef struct {
	const Chain *chain;
	const char *base; /* URL before each path */
	gint64 limit_ms;  /* for each answer */
	gint64 deadline_us;
	const char *token_header;
	SecretText *token; /* owned; NULL: none is borne */
} Metadata;

void metadata_clear(Metadata *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Metadata, metadata_clear)

/* An answer of any status; value may be NULL: the header is not sent. */
HttpAnswer *metadata_ask(const Metadata *self, const char *method,
	const char *path, const char *header, const char *value,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Says that the path was answered so, as AUTH, or REMOTE from status 500 on; NULL. */
void *metadata_refuse(const Metadata *self, const char *path,
	const HttpAnswer *answer, GError **error);

/* Asks for a token, which later questions bear, by a PUT with that header; *ret_status
 * gets the status of the answer, 0: none came.  FALSE, with why, where none was given. */
gboolean metadata_token(Metadata *self, const char *path, const char *header,
	guint *ret_status, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A GET with the token, whose status is 200. */
HttpAnswer *metadata_get(const Metadata *self, const char *path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The keys below the path `roles` of a role (NULL or "": of the one that stands
 * there): JSON with a Code, which is as if it were usual_code where it is missing.
 * what: "EC2 metadata".
 */
Credentials *metadata_role(const Metadata *self, const char *roles,
	const char *role, const AuthKeyNames *names, const char *usual_code,
	const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The keys of such an answer. */
Credentials *metadata_keys(const HttpAnswer *answer, const AuthKeyNames *names,
	const char *usual_code, const char *origin,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
