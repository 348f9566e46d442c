#include "seed.h"

#include <string.h>
#include <sys/random.h>

#include "backends/base/clock.h"

guint64 seed_mix(guint64 x)
{
	/* Sebastiano Vigna's splitmix64 step. */
	x += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

guint64 seed_of(const char *workspace, guint64 index)
{
	return seed_mix((guint64)g_str_hash(workspace) << 32 ^ index);
}

guint64 seed_random(void)
{
	guint64 number = 0;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (guint64)now_ns();
	return seed_mix(number);
}

void seed_hex(GString *out, guint64 x)
{
	char digits[16];

	for (int i = 15; i >= 0; i--, x >>= 4)
		digits[i] = "0123456789abcdef"[x & 15];
	g_string_append_len(out, digits, sizeof(digits));
}

char *seed_id(const char *prefix, guint64 seed)
{
	GString *id = g_string_new(prefix);

	seed_hex(id, seed);
	return g_string_free(id, FALSE);
}

void seed_decimal(GString *out, guint64 x)
{
	char digits[20];
	gsize at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + x % 10);
		x /= 10;
	} while (x);
	g_string_append_len(out, digits + at, sizeof(digits) - at);
}

void seed_letters(GString *out, guint64 seed, guint n)
{
	for (guint i = 0; i < n; i++, seed /= 36) {
		if (i && i % 12 == 0)
			seed = seed_mix(seed + i);
		g_string_append_c(
			out, "0123456789abcdefghijklmnopqrstuvwxyz"[seed % 36]);
	}
}

void seed_name(GString *out, const Entry *entry)
{
	static const char *const subjects[] = {"orders", "clicks", "billing",
		"inventory", "churn", "ads", "payments", "search"};
	static const char *const jobs[] = {"daily", "adhoc", "backfill",
		"report", "features", "dashboard"};

	g_string_append(out, subjects[(entry->seed >> 20) % 8]);
	g_string_append_c(out, '-');
	g_string_append(out, jobs[(entry->seed >> 28) % 6]);
	g_string_append_c(out, '-');
	seed_decimal(out, (entry->created_ms - SEED_FIRST_MS) / SEED_APART_MS);
}

const char *seed_user(guint64 seed)
{
	static const char *const users[] = {
		"li.na", "wang.fang", "chen.jie", "zhao.lei", "airflow", "dbt"};

	return users[(seed >> 8) % G_N_ELEMENTS(users)];
}

void seed_token(GString *out, guint64 seed)
{
	for (guint i = 1; i <= 4; i++)
		seed_hex(out, seed_mix(seed + i));
}

char *seed_uuid(guint64 seed)
{
	guint64 a = seed_mix(seed), b = seed_mix(a);

	return g_strdup_printf("%08x-%04x-4%03x-%04x-%012" G_GINT64_MODIFIER
			       "x",
		(guint)(a >> 32), (guint)(a >> 16) & 0xffff, (guint)a & 0xfff,
		(guint)(0x8000 | (b >> 48 & 0x3fff)),
		b & G_GUINT64_CONSTANT(0xffffffffffff));
}

Entry *seed_entry(
	guint64 seed, char *id, guint64 index, guint stopped, guint running)
{
	Entry *entry = g_new0(Entry, 1);
	guint percent = seed % 100;

	entry->id = id;
	entry->seed = seed;
	entry->created_ms = SEED_FIRST_MS + (gint64)index * SEED_APART_MS;
	entry->life = percent < stopped             ? LIFE_STOPPED
		      : percent < stopped + running ? LIFE_RUNNING
						    : LIFE_ERROR;
	return entry;
}

Entry *seed_session(guint64 seed, char *id, guint64 index, gint64 start_ms)
{
	Entry *entry = seed_entry(seed, id, index, 60, 36);

	entry->started_ms = entry->created_ms + start_ms;
	return entry;
}

/* FALSE: the letter is the provider's. */
static gboolean put_common(GString *out, char field, const Entry *entry)
{
	switch (field) {
	case 'i':
		g_string_append(out, entry->id);
		return TRUE;
	case 'n':
		seed_name(out, entry);
		return TRUE;
	case 'U':
		g_string_append(out, seed_user(entry->seed));
		return TRUE;
	case 'm':
		seed_decimal(out, 4 << (entry->seed >> 16) % 4);
		return TRUE;
	}
	return FALSE;
}

void seed_write(GString *out, const char *template, SeedField field,
	const Entry *entry, const char *workspace)
{
	const char *at = template, *dollar;

	while ((dollar = strchr(at, '$'))) {
		g_string_append_len(out, at, dollar - at);
		if (!put_common(out, dollar[1], entry))
			field(out, dollar[1], entry, workspace);
		at = dollar + 2;
	}
	g_string_append(out, at);
}
