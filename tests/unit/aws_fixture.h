#pragma once

#include "provider_fixture.h"

/* Once, before the first test: invented credentials in the environment. */
void aws_fixture_environment(void);
/* A provider of AWS in the region eu-test-1. */
void aws_fixture_set_up(
	ProviderFixture *f, const BackendClass *class, const char *workspace);

/*
 * The nth request is that call (its line without the version) with that body,
 * and its signature is of what was sent: computed anew from the bytes that the
 * server saw, for `service`.
 */
void aws_saw(ProviderFixture *f, guint n, const char *line, const char *body,
	const char *service);

/* The text of a described file of a session whose record is that. */
char *aws_describe(ProviderFixture *f, const char *id, const char *record,
	SessionFile file, gint64 *ret_until_ms, GError **error);
