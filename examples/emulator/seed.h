#pragma once

#include "entry.h"

/*
 * Records from seeds: a page of thousands is written several times faster from
 * a template than by a JSON builder.
 */

/* When the first session made in numbers was created, and how far apart. */
#define SEED_FIRST_MS G_GINT64_CONSTANT(1735689600000)
#define SEED_APART_MS 25000

/* One to one, so that ids made of it do not collide. */
guint64 seed_mix(guint64 x);
/* Of the index-th entry of a workspace. */
guint64 seed_of(const char *workspace, guint64 index);
/* Anything, from the system's source. */
guint64 seed_random(void);

void seed_hex(GString *out, guint64 x); /* 16 digits */
/* A prefix and seed_hex, new string. */
char *seed_id(const char *prefix, guint64 seed);
void seed_decimal(GString *out, guint64 x);
/* So many of [0-9a-z]; those of one seed are the same. */
void seed_letters(GString *out, guint64 seed, guint n);
/* "orders-daily-17" */
void seed_name(GString *out, const Entry *entry);
/* "li.na", "airflow" */
const char *seed_user(guint64 seed);
/* 64 hex digits. */
void seed_token(GString *out, guint64 seed);
/* A UUID, new string; those of one seed are the same. */
char *seed_uuid(guint64 seed);

/* A new entry with seed, id (taken) and creation time; of a hundred, so
 * many have stopped, so many run, and the rest has failed. */
Entry *seed_entry(
	guint64 seed, char *id, guint64 index, guint stopped, guint running);

/* The same of sessions that end by and by: most have stopped, a third runs, a
 * few have failed; each was started that long after it was created. */
Entry *seed_session(guint64 seed, char *id, guint64 index, gint64 start_ms);

/* Appends a template in which "$x" is what field() appends for x.  Some are the
 * same in all: i the id, n a name, U a user, m a power of two for memory; field()
 * is not asked for those. */
typedef void (*SeedField)(
	GString *out, char field, const Entry *entry, const char *workspace);
void seed_write(GString *out, const char *template, SeedField field,
	const Entry *entry, const char *workspace);
