#pragma once

#include <glib.h>

/*
 * What went wrong, in words that say what to do.  Everything below fs/ fails
 * with a GError of the domain BACKEND_ERROR; fs/base/reply.c alone turns the code
 * into an errno.  The message is one sentence for a person, without the
 * provider's code and request id: those are in the detail.
 */
typedef enum {
	BACKEND_ERROR_INVALID, /* the spec or the request is wrong */
	BACKEND_ERROR_AUTH,    /* credentials wrong, or a login in between */
	BACKEND_ERROR_AUTH_EXPIRED, /* credentials have expired */
	BACKEND_ERROR_DENIED,       /* valid credentials, but not allowed */
	BACKEND_ERROR_GONE,         /* no such workspace or session */
	BACKEND_ERROR_CONFLICT,     /* wrong state for the verb */
	BACKEND_ERROR_EXISTS,       /* there is one already */
	BACKEND_ERROR_THROTTLED,    /* by the provider: see retry_after_ms */
	BACKEND_ERROR_BUDGET,       /* our own call budget is spent */
	BACKEND_ERROR_QUOTA,        /* the account's quota is used up */
	BACKEND_ERROR_REMOTE,       /* the provider's own failure */
	BACKEND_ERROR_TIMEOUT,      /* no answer in time; it changed nothing */
	BACKEND_ERROR_MAY_EXIST, /* a change was sent; its outcome is not known */
	BACKEND_ERROR_UNREACHABLE, /* nothing was sent: DNS, routes, time */
	BACKEND_ERROR_BAD_ANSWER,  /* an answer that makes no sense */
	BACKEND_ERROR_TOO_BIG,     /* a spec over the limit */
	BACKEND_ERROR_READ_ONLY,   /* writing is switched off */
	BACKEND_ERROR_NO_ROOM,     /* no room on disk */
	BACKEND_ERROR_NO_FILES,    /* no descriptor is left to us */
	BACKEND_ERROR_CROWDED,     /* others take all that there is of it */
	BACKEND_ERROR_UNSUPPORTED, /* a verb or file that the provider lacks */
	BACKEND_ERROR_CANCELLED,   /* dropped before anything was sent */
	BACKEND_ERROR_CONFIG,      /* the configuration is wrong */
	BACKEND_ERROR_LOCAL,       /* our own disk or memory failed */
	BACKEND_ERROR_NO_KEY,      /* there are no credentials at all */
	BACKEND_ERROR_REFUSED,     /* nothing was sent: nobody listens there */
	BACKEND_ERROR_TLS,         /* nothing was sent: no trust, or no TLS */
} BackendErrorCode;

typedef struct {
	char *provider_code;   /* "Throttling.User"; NULL when there is none */
	char *request_id;      /* the provider's; NULL when there is none */
	char *permission;      /* that the credentials lack, as the vendor's
	                          policies spell it; NULL: not known */
	gint64 retry_after_ms; /* 0 when the provider named none */
} BackendErrorDetail;

#define BACKEND_ERROR (backend_error_quark())
GQuark backend_error_quark(void);

/* Sets *error (may be NULL) from a printf format.  Secrets in it read "***" (see
 * base/secret.h).  Any thread. */
void backend_error_set(GError **error, BackendErrorCode code,
	const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same, and what a function returns that fails so. */
#define backend_error_false(...) (backend_error_set(__VA_ARGS__), FALSE)
#define backend_error_null(...) (backend_error_set(__VA_ARGS__), NULL)
/* A sentence of somebody and what helps (may be NULL), as one: new string. */
char *backend_error_advised(const char *sentence, const char *advice);

/* Whether surely nothing was sent, since the way to the server is barred:
 * UNREACHABLE, REFUSED or TLS. */
gboolean backend_error_is_unsent(const GError *error);

/*
 * The detail of an error of this domain, to be filled in or read: borrowed,
 * lives as long as the error.  NULL for an error of another domain or NULL.
 */
BackendErrorDetail *backend_error_detail(GError *error);

/* Whether a terminal, or a log that is read by lines, could take a character for
 * something else than text: C0 and C1 controls, separators of lines, and marks
 * that turn the direction of writing. */
gboolean backend_is_control(gunichar c);

/*
 * The whole sentence: message, then "(needs P, code X, request id Y)"
 * where known.
 * Control characters are replaced and the length is bounded (4 KiB), since
 * parts of it come from the network.  Returns a new string.
 */
char *backend_error_sentence(GError *error);
