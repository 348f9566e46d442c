#pragma once

#include "auth/credentials.h"
#include "clock.h"
#include "fault.h"
#include "ledger.h"
#include "nonce.h"
#include "route.h"
#include "store.h"

/* What the command line says; strings are borrowed for ever. */
typedef struct {
	const char *access_key_id, *access_key_secret;
	const char *security_token; /* NULL: none is demanded */
	gint64 page_max;
	gboolean create_starts; /* a created session starts by itself */
	gboolean manual_clock;
	StorePace pace;
} Settings;

#define EMULATOR_PROVIDERS 1

/* What all threads share.  Members are set once, before the first request; what
 * they point to has a lock of its own each, and no two are held at once. */
struct Emulator {
	Settings settings;
	Clock clock;
	Store *stores[EMULATOR_PROVIDERS];
	Faults *faults;
	Ledger *ledger;
	Nonces *nonces;
	Credentials *credentials; /* of the key pair that is accepted */
};

extern const Provider *const emulator_providers[EMULATOR_PROVIDERS + 1];
extern const Provider alibaba_provider;

Emulator *emulator_new(const Settings *settings); /* borrows the strings */
void emulator_free(Emulator *emulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Emulator, emulator_free)

/* Answers a request, waiting where a fault says so.  Thread-safe. */
void emulator_answer(Emulator *emulator, Request *request, Answer *answer);

/* The sessions of a provider by its name, NULL: no such provider. */
Store *emulator_store(Emulator *emulator, const char *provider);

/* Fills in the sessions that a demonstration shows; before the server runs. */
void demo_fill(Emulator *emulator);

/* The control path, whose table is in README.md. */
void control_answer(Emulator *emulator, Request *request, Answer *answer);
