#pragma once

#include "backends/auth/credentials.h"
#include "clock.h"
#include "fault.h"
#include "ledger.h"
#include "nonce.h"
#include "route.h"
#include "store.h"

/* What the command line says; strings are borrowed for ever. */
typedef struct {
	/* The pair that all providers with signatures take. */
	const char *access_key_id, *access_key_secret;
	const char *security_token; /* NULL: none is demanded */
	gint64 page_max;
	gboolean create_starts; /* a created session starts by itself */
	gboolean manual_clock;
	StorePace pace;
} Settings;

/* What all threads share.  Members are set once, before the first request; what
 * they point to has a lock of its own each, and no two are held at once. */
struct Emulator {
	Settings settings;
	DemoClock clock;
	Store **stores; /* of each provider, in their order */
	Faults *faults;
	Ledger *ledger;
	Nonces *nonces;
	Credentials *credentials; /* of the key pair that is accepted */
};

extern const Provider *const emulator_providers[]; /* ended by NULL */
extern const Provider alibaba_provider;
extern const Provider emr_serverless_provider;
extern const Provider emr_provider;
extern const Provider dli_provider;
extern const Provider livy_provider;
extern const Provider dataproc_provider;

Emulator *emulator_new(const Settings *settings); /* borrows the strings */
void emulator_free(Emulator *emulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Emulator, emulator_free)

/* Answers a request, waiting where a fault says so.  Thread-safe. */
void emulator_answer(Emulator *emulator, Request *request, Answer *answer);

/* A provider by its name, NULL: none; and its sessions. */
const Provider *emulator_provider(const char *name);
Store *emulator_store(Emulator *emulator, const char *provider);

/* Fills in the sessions that a demonstration shows; before the server runs. */
void emulator_demo(Emulator *emulator);

/* The control path, whose table is in README.md. */
void control_answer(Emulator *emulator, Request *request, Answer *answer);
