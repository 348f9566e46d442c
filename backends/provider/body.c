/* What is done to records as text: nested values stay as they were sent. */
#include <string.h>

#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/base/json_members.h"
#include "backends/base/json_scan.h"
#include "backends/base/json_span.h"
#include "backends/provider/spec_rule.h"

/* ---- one record over another ---- */

typedef struct {
	const char *text;
	Json *outline;
	JsonMembers *members;
} Record;

static void record_read(
	Record *self, const char *text, gsize len, const char *const *except)
{
	self->text = text;
	self->outline = json_parse_outline(text, len, NULL);
	for (; self->outline && except && *except; except++)
		json_remove(self->outline, *except);
	self->members = json_members_new(self->outline);
}

static void record_clear(Record *self)
{
	g_clear_pointer(&self->members, json_members_free);
	g_clear_pointer(&self->outline, json_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Record, record_clear)

static void append_name(GString *out, const char *name)
{
	g_autoptr(Json) box = json_object();

	json_set_text(box, "", name);
	g_autofree char *text = json_print(json_get(box, ""), FALSE);
	g_string_append(out, text);
}

static void append_member(GString *out, const Record *from, const Json *member)
{
	JsonSpan span;

	if (out->len > 1)
		g_string_append_c(out, ',');
	append_name(out, json_name(member));
	g_string_append_c(out, ':');
	if (json_outline_span(member, &span)) {
		g_string_append_len(
			out, from->text + span.start, (gssize)span.len);
		return;
	}
	g_autofree char *text = json_print(member, FALSE);
	g_string_append(out, text);
}

/* How a member that both have is chosen. */
typedef enum {
	NULLS_GAP,  /* null tells nothing, but for the identity */
	NULLS_TOLD, /* null is a value as others are */
} Nulls;

static gboolean tells(const Json *over, Nulls nulls)
{
	return over && (nulls == NULLS_TOLD || json_type(over) != JSON_NULL ||
			       g_strv_contains(spec_identity, json_name(over)));
}

/* The members of a record, each in the version of the other one if that has
 * one; with `rest`, only those that the other one lacks. */
static void append_members(GString *out, const Record *self,
	const Record *other, gboolean rest, Nulls nulls)
{
	json_foreach (member, self->outline) {
		const Json *over;

		if (!json_members_has(self->members, member))
			continue;
		over = json_members_get(other->members, json_name(member));
		if (rest && over)
			continue;
		if (tells(over, nulls))
			append_member(out, other, over);
		else
			append_member(out, self, member);
	}
}

/* Without those members of the base that are in `except`, unless over has them. */
static char *merge(const char *base, gsize base_len, const char *over,
	gsize over_len, const char *const *except, Nulls nulls, gsize *ret_len)
{
	g_autoptr(GString) out = g_string_sized_new(base_len + over_len + 2);
	g_auto(Record) under = {0};
	g_auto(Record) top = {0};

	record_read(&under, base, base_len, except);
	record_read(&top, over, over_len, NULL);
	g_string_append_c(out, '{');
	append_members(out, &under, &top, FALSE, nulls);
	append_members(out, &top, &under, TRUE, nulls);
	g_string_append_c(out, '}');
	*ret_len = out->len;
	return g_string_free(g_steal_pointer(&out), FALSE);
}

char *backend_merge(const char *base, gsize base_len, const char *over,
	gsize over_len, gsize *ret_len)
{
	return merge(base, base_len, over, over_len, NULL, NULLS_TOLD, ret_len);
}

/* As a record spells it; NULL where it has none. */
static char *member_text(const char *text, gsize len, const char *name)
{
	JsonSpan span;

	return json_span_member(text, len, name, &span)
		       ? g_strndup(text + span.start, span.len)
		       : NULL;
}

static gboolean is_dated(const Backend *self, const char *held, gsize held_len,
	const char *partial, gsize partial_len)
{
	const char *const *name = self->class->dated;

	for (; name && *name; name++) {
		g_autofree char *old = member_text(held, held_len, *name);
		g_autofree char *new = member_text(partial, partial_len, *name);

		if (g_strcmp0(old, new) != 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean is_object(const char *text, JsonSpan span)
{
	return span.len > 0 && text[span.start] == '{';
}

/* Puts the members of an object that a record told before under those of now.
 * Takes and returns the text of a record. */
static char *keep_object(const char *held, gsize held_len, char *now,
	const char *name, gsize *len)
{
	JsonSpan old, new;
	gsize all_len = 0;

	if (!json_span_member(held, held_len, name, &old) ||
		!json_span_member(now, *len, name, &new) ||
		!is_object(held, old) || !is_object(now, new))
		return now;
	g_autofree char *all = merge(held + old.start, old.len, now + new.start,
		new.len, NULL, NULLS_GAP, &all_len);
	GString *out = g_string_sized_new(*len + all_len);
	g_string_append_len(out, now, (gssize) new.start);
	g_string_append_len(out, all, (gssize)all_len);
	g_string_append_len(out, now + new.start + new.len,
		(gssize)(*len - new.start - new.len));
	*len = out->len;
	g_free(now);
	return g_string_free(out, FALSE);
}

/* It is the same application, say. */
static gboolean keeps(const Backend *self, const char *held, gsize held_len,
	const char *now, gsize now_len)
{
	const char *by = self->class->kept_by;
	g_autofree char *old = by ? member_text(held, held_len, by) : NULL;
	g_autofree char *new = by ? member_text(now, now_len, by) : NULL;

	return old && !g_strcmp0(old, new) && !g_str_equal(old, "null") &&
	       !g_str_equal(old, "\"\"");
}

char *backend_renew(const Backend *self, const char *held, gsize held_len,
	const char *partial, gsize partial_len, gsize *ret_len)
{
	gboolean dated = is_dated(self, held, held_len, partial, partial_len);
	g_autofree char *now =
		keeps(self, held, held_len, partial, partial_len)
			? keep_object(held, held_len,
				  g_strndup(partial, partial_len),
				  self->class->kept, &partial_len)
			: NULL;

	return merge(held, held_len, now ? now : partial, partial_len,
		dated ? self->class->fleeting : NULL, NULLS_GAP, ret_len);
}

/* Whether two records say the same but for members of those names; both: only where
 * both have the member. */
static gboolean is_same_but(const char *const *names, gboolean both,
	const char *held, gsize held_len, const char *now, gsize now_len)
{
	g_autoptr(Json) old = json_parse(held, held_len, NULL);
	g_autoptr(Json) new = json_parse(now, now_len, NULL);

	for (; *names; names++) {
		if (both && !(json_get(old, *names) && json_get(new, *names)))
			continue;
		json_remove(old, *names);
		json_remove(new, *names);
	}
	return json_equal(old, new);
}

gboolean backend_is_chatter(const Backend *self, const char *held,
	gsize held_len, const char *now, gsize now_len)
{
	const char *const *names = self->class->chatter;

	return names && is_same_but(names, FALSE, held, held_len, now, now_len);
}

/* The dated ones are among those that are compared. */
gboolean backend_is_steady(const Backend *self, const char *held,
	gsize held_len, const char *now, gsize now_len)
{
	const char *const *names = self->class->fleeting;

	return names && is_same_but(names, TRUE, held, held_len, now, now_len);
}

gboolean backend_is_respelt(
	const char *held, gsize held_len, const char *now, gsize now_len)
{
	gsize i = json_scan_space(held, held_len, 0);
	gsize k = json_scan_space(now, now_len, 0);

	while (i < held_len && k < now_len) {
		gsize end = held[i] == '"' ? json_scan_string(held, held_len, i)
					   : i + 1;
		gsize len = MAX(end, i + 1) - i;

		if (len > now_len - k || memcmp(held + i, now + k, len) != 0)
			return FALSE;
		i = json_scan_space(held, held_len, i + len);
		k = json_scan_space(now, now_len, k + len);
	}
	return held_len > 0 && i == held_len && k == now_len;
}

/* ---- why it ended ---- */

gboolean backend_keeps_cause(const char *body, gsize len)
{
	JsonSpan span;

	return json_span_member(body, len, BACKEND_CAUSE, &span);
}

char *backend_keep_cause(
	const char *body, gsize len, const char *cause, gsize *ret_len)
{
	g_autoptr(Json) over = json_object();

	json_set_text(over, BACKEND_CAUSE, cause);
	g_autofree char *text = json_print(over, FALSE);
	return backend_merge(body, len, text, strlen(text), ret_len);
}

/* The record without its cause, which backend_merge has spelt. */
static void hide_cause(GString *out, gsize from)
{
	static const char key[] = ",\"" BACKEND_CAUSE "\":";
	char *at = strstr(out->str + from, key);
	gsize start, end;

	if (!at)
		return;
	start = (gsize)(at - out->str);
	end = json_scan_value(out->str, out->len, start + strlen(key));
	g_string_erase(out, (gssize)start, (gssize)(end - start));
}

/* ---- what not all may see ---- */

static gboolean key_is_private(
	const char *const *names, const char *key, gsize len)
{
	/* It may spell any name. */
	if (memchr(key, '\\', len))
		return TRUE;
	for (; *names; names++)
		if (strlen(*names) == len && memcmp(*names, key, len) == 0)
			return TRUE;
	return FALSE;
}

/* The offset of the value of the key that lies in [at, end) with its quotes;
 * `len`: it is no key. */
static gsize value_of(const char *text, gsize len, gsize end)
{
	gsize colon = json_scan_space(text, len, end);

	if (colon >= len || text[colon] != ':')
		return len;
	return json_scan_space(text, len, colon + 1);
}

void backend_mask(
	const Backend *self, const char *body, gsize len, GString *out)
{
	const char *const *names = self->class->private;
	gsize copied = 0, at = 0, from = out->len;

	while (names && at < len) {
		gsize end, value;

		if (body[at] != '"') {
			at++;
			continue;
		}
		end = json_scan_string(body, len, at);
		value = value_of(body, len, end);
		if (value < len && end - at >= 2 &&
			key_is_private(names, body + at + 1, end - at - 2)) {
			g_string_append_len(
				out, body + copied, (gssize)(value - copied));
			g_string_append(out, "\"***\"");
			end = copied = json_scan_value(body, len, value);
		}
		at = MAX(end, at + 1);
	}
	g_string_append_len(out, body + copied, (gssize)(len - copied));
	if (backend_keeps_cause(body, len))
		hide_cause(out, from);
}

/* ---- what a session was made from ---- */

char *backend_kept_spec(const Backend *self, const char *spec, gsize len)
{
	g_autoptr(Json) object =
		self->class->unique ? json_parse(spec, len, NULL) : NULL;

	if (!object)
		return NULL;
	for (const char *const *name = self->class->unique; *name; name++)
		json_remove(object, *name);
	for (const char *const *name = spec_identity; *name; name++)
		json_remove(object, *name);
	return json_print(object, FALSE);
}
