#pragma once

#include "backends/livy/livy_auth.h"
#include "backends/livy/livy_record.h"
#include "backends/provider/api_backend.h"

/*
 * One section's Livy server: the way to it, and what it has shown of its version.
 * Private to the files livy*.c.
 */
#define LIVY_MEMBERS_UNKNOWN (-1)

typedef struct {
	Backend base;
	LivyAuth *auth;
	char *url;
	char *workspace; /* host[:port][/prefix] */
	gint members;    /* atomic: which of LivyMember it knows */
} Livy;

/* Sets GONE and returns NULL. */
void *livy_gone(const char *what, GError **error);
/* Errors: GONE for a workspace that is not this server. */
gboolean livy_is_ours(Livy *self, const char *workspace,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notes what a record or a version has shown; LIVY_MEMBERS_UNKNOWN: nothing is
 * certain any more. */
void livy_learn(Livy *self, guint members);
/* Asks for the version where a spec hangs on it and nothing has shown it yet.
 * A gateway may not let that through: then the server itself will say. */
void livy_learn_version(Livy *self, const Json *spec, const Call *call);
/* Errors: INVALID for a member that the server is known not to know. */
gboolean livy_members_known(
	Livy *self, const Json *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As the slots of BackendClass. */
CreatePlan *livy_plan(Backend *base, const char *workspace, Json *spec,
	const char *token, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *livy_create(Backend *base, const char *workspace, const CreatePlan *plan,
	const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
