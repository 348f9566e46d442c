#include "aws.h"

#include <string.h>

#include "seed.h"
#include "text.h"

#define LASTS_MS 3600000 /* sessions of --fill that have ended */
#define TOKEN_WORDS 6
#define MS_DIGITS 3 /* of a second */
#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define DEMO_START_MS 74000
#define DEMO_PASSING_MS (2 * MINUTE_MS)

const EntryState aws_states[LIFE_OTHER] = {
	[LIFE_PENDING] = {"SUBMITTED", LIFE_STARTING, 20},
	[LIFE_STARTING] = {"STARTING", LIFE_STARTED, 60},
	[LIFE_STARTED] = {"STARTED", LIFE_RUNNING, 20},
	[LIFE_RUNNING] = {"IDLE"},
	[LIFE_BUSY] = {"BUSY"},
	[LIFE_STOPPING] = {"TERMINATING", LIFE_STOPPED, 100},
	[LIFE_STOPPED] = {"TERMINATED"},
	[LIFE_ERROR] = {"FAILED"},
};

const char *aws_reason(Life life)
{
	static const char *const reasons[LIFE_OTHER] = {
		[LIFE_PENDING] = "The session was submitted.",
		[LIFE_STARTING] = "Resources are being provisioned.",
		[LIFE_STARTED] = "The Spark Connect server is up.",
		[LIFE_RUNNING] = "The session is ready for use.",
		[LIFE_BUSY] = "An operation is running.",
		[LIFE_STOPPING] = "Termination was requested.",
		[LIFE_STOPPED] = "The session was terminated by request.",
		[LIFE_ERROR] = "The driver exited with code 137.",
	};

	return life < LIFE_OTHER && reasons[life] ? reasons[life] : "";
}

gboolean aws_states_known(const StoreClass *class, const char *const *words,
	const char *const *more)
{
	for (; *words; words++) {
		gboolean known = more && g_strv_contains(more, *words);

		for (guint i = 0; !known && i < LIFE_OTHER; i++)
			known = !g_strcmp0(class->states[i].word, *words);
		if (!known)
			return FALSE;
	}
	return TRUE;
}

void aws_put_headers(Exchange *x)
{
	g_autofree char *id = seed_uuid(seed_random());

	answer_header(x->answer, "x-amzn-RequestId", id);
	answer_header(x->answer, "Content-Type",
		x->provider->target ? "application/x-amz-json-1.1"
				    : "application/json");
}

void aws_refuse_rest(Exchange *x, guint status, const char *code,
	const char *space, const char *message)
{
	g_autofree char *type = g_strconcat(code, space, NULL);
	g_autoptr(Json) body = json_object();

	aws_put_headers(x);
	answer_header(x->answer, "x-amzn-ErrorType", type);
	json_set_text(body, "message", message);
	exchange_put(x, status, body);
}

void aws_refuse_json(Exchange *x, guint status, const char *code,
	const char *space, const char *message)
{
	g_autofree char *type = g_strconcat(space, code, NULL);
	g_autoptr(Json) body = json_object();
	/* The model's own errors have it in capitals, the gateway's not. */
	gboolean modelled = g_str_has_prefix(code, "InvalidRequest") ||
			    g_str_has_prefix(code, "Internal");

	aws_put_headers(x);
	json_set_text(body, "__type", type);
	json_set_text(body, modelled ? "Message" : "message", message);
	exchange_put(x, status, body);
}

char *aws_time(gint64 ms, gboolean exponent)
{
	char digits[32];
	gsize len, power;

	if (!exponent)
		return g_strdup_printf("%" G_GINT64_FORMAT ".%03d", ms / 1000,
			(int)(ms % 1000));
	g_snprintf(digits, sizeof(digits), "%" G_GINT64_FORMAT, ms);
	len = power = strlen(digits);
	while (len > 2 && digits[len - 1] == '0')
		digits[--len] = '\0';
	return g_strdup_printf(
		"%c.%sE%d", digits[0], digits + 1, (int)power - 1 - MS_DIGITS);
}

void aws_put_time(char **text, const char *name, gint64 ms, gboolean exponent)
{
	g_autofree char *time = aws_time(ms, exponent);

	text_put(text, name, time);
}

void aws_append_time(GString *out, gint64 ms, gboolean exponent)
{
	g_autofree char *time = aws_time(ms, exponent);

	g_string_append(out, time);
}

gint64 aws_updated_ms(const Entry *entry)
{
	if (entry->moved_ms)
		return entry->moved_ms;
	return entry->life == LIFE_RUNNING ? entry->started_ms
					   : entry->started_ms + LASTS_MS;
}

void aws_put_field(
	GString *out, char field, const Entry *entry, gboolean exponent)
{
	switch (field) {
	case 's':
		g_string_append(out, aws_states[entry->life].word);
		break;
	case 'd':
		g_string_append(out, aws_reason(entry->life));
		break;
	case 'c':
		aws_append_time(
			out, entry->created_ms + entry->seed % 1000, exponent);
		break;
	case 'u':
		aws_append_time(out, aws_updated_ms(entry), exponent);
		break;
	case 't':
		aws_append_time(out, entry->started_ms, exponent);
		break;
	}
}

void aws_moved(Entry *entry, const StoreClass *class, const AwsNames *names,
	char **late)
{
	gint64 now = entry->moved_ms;
	Life life = entry->life;

	if (life == LIFE_STARTED)
		entry->started_ms = now;
	if (!entry->record || life >= LIFE_OTHER)
		return;
	text_put_string(
		&entry->record, class->state_member, class->states[life].word);
	text_put_string(&entry->record, names->reason, aws_reason(life));
	aws_put_time(&entry->record, names->updated, now, names->exponent);
	if (!*late)
		*late = g_strdup("{}");
	if (life == LIFE_STARTED)
		aws_put_time(late, names->started, now, names->exponent);
	if (life == LIFE_RUNNING)
		aws_put_time(late, names->idle, now, names->exponent);
	else
		text_cut(late, names->idle);
	if (LIFE_BIT(life) & LIFE_ENDED)
		aws_put_time(late, names->ended, now, names->exponent);
}

void aws_demo_play(Entry *entry, const StoreClass *class, const AwsDemo *row,
	gint64 now_ms)
{
	if (!(LIFE_BIT(row->life) &
		    (LIFE_BIT(LIFE_PENDING) | LIFE_BIT(LIFE_STARTING)))) {
		entry->life = LIFE_STARTED;
		entry->moved_ms =
			now_ms - row->made * MINUTE_MS + DEMO_START_MS;
		class->moved(entry, row->workspace);
	}
	entry->life = row->life;
	entry->moved_ms = now_ms - row->since * MINUTE_MS;
	class->moved(entry, row->workspace);
}

gint64 aws_demo_due(const AwsDemo *row, gint64 now_ms)
{
	return aws_states[row->life].share ? now_ms + DEMO_PASSING_MS : 0;
}

char *aws_presigned(const Exchange *x, const char *host, const char *path)
{
	g_autoptr(GString) url = g_string_new("https://");
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(
		demo_clock_wall_ms(&x->emulator->clock) / 1000);
	g_autofree char *day = g_date_time_format(now, "%Y%m%d");
	g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
	g_autofree char *region = aws_region(x->request);

	g_string_append_printf(url,
		"%s%s?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
		"ASIAEXAMPLE000000001%%2F%s%%2F%s%%2Femr%%2Faws4_request&"
		"X-Amz-Date=%s&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"
		"X-Amz-Signature=",
		host, path, day, region, time);
	seed_token(url, seed_random());
	return g_string_free(g_steal_pointer(&url), FALSE);
}

char *aws_token(void)
{
	GString *token = g_string_new("eyJhbGciOiJIUzI1NiJ9.");

	for (guint i = 0; i < TOKEN_WORDS; i++)
		seed_token(token, seed_random());
	return g_string_free(token, FALSE);
}
