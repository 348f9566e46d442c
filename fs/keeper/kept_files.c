#include "fs/keeper/kept.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fs/keeper/kept_layout.h"

/* ---- open files ---- */

static guint take_place(Kept *self)
{
	guint place = NO_PLACE;

	mutex_lock(&self->lock);
	if (self->free_handles->len) {
		place = g_array_index(self->free_handles, guint16,
			self->free_handles->len - 1);
		g_array_set_size(
			self->free_handles, self->free_handles->len - 1);
	} else if (self->head->handles_end < HANDLES) {
		place = self->head->handles_end++;
	}
	mutex_unlock(&self->lock);
	return place;
}

guint64 kept_handle_open(Kept *self, guint64 node)
{
	guint64 serial = __atomic_add_fetch(
		&self->head->handles_last, 1, __ATOMIC_RELAXED);
	guint place = take_place(self);
	guint64 number = serial << 16 | place;
	KeptHandle *kept;

	if (place == NO_PLACE)
		return number;
	kept = &self->handles[place];
	*kept = (KeptHandle){.node = node};
	__atomic_store_n(&kept->number, number, __ATOMIC_RELEASE);
	return number;
}

KeptHandle *kept_handle(Kept *self, guint64 number)
{
	guint place = number & NO_PLACE;
	KeptHandle *kept;

	if (!self || !number || place == NO_PLACE)
		return NULL;
	kept = &self->handles[place];
	return __atomic_load_n(&kept->number, __ATOMIC_ACQUIRE) == number
		       ? kept
		       : NULL;
}

/* Where the text of the handle at a place lies. */
static off_t text_at(const Kept *self, const KeptHandle *kept)
{
	guint64 place = (guint64)(kept - self->handles);

	return (off_t)(AT_TEXTS + place * KEPT_COLLECTED_MAX);
}

void kept_handle_close(Kept *self, guint64 number)
{
	KeptHandle *kept = kept_handle(self, number);
	guint16 place;

	if (!kept)
		return;
	if ((kept->size || kept->writes[kept->current & 1].state) &&
		fallocate(self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			text_at(self, kept), KEPT_COLLECTED_MAX))
		g_debug("the text of a handle stays");
	__atomic_store_n(&kept->number, 0, __ATOMIC_RELEASE);
	place = (guint16)(kept - self->handles);
	mutex_lock(&self->lock);
	g_array_append_val(self->free_handles, place);
	mutex_unlock(&self->lock);
}

gboolean kept_write_get(Kept *self, guint64 number, KeptWrite *ret)
{
	const KeptHandle *kept = kept_handle(self, number);

	if (kept)
		*ret = kept->writes[kept->current & 1];
	return kept != NULL;
}

void kept_write_set(Kept *self, guint64 number, const KeptWrite *is)
{
	KeptHandle *kept = kept_handle(self, number);
	guint32 next;

	if (!kept)
		return;
	next = (kept->current & 1) ^ 1;
	kept->writes[next] = *is;
	__atomic_store_n(&kept->current, next, __ATOMIC_RELEASE);
}

guint64 kept_handle_of(const Kept *self, guint64 unique)
{
	guint end = self ? MIN(self->head->handles_end, HANDLES) : 0;

	for (guint i = 0; i < end; i++) {
		const KeptHandle *kept = &self->handles[i];
		const KeptWrite *last = &kept->writes[kept->current & 1];

		if (kept->number && last->state && last->unique == unique)
			return kept->number;
	}
	return 0;
}

void kept_text_add(
	Kept *self, guint64 number, gsize at, const void *bytes, gsize n)
{
	const KeptHandle *kept = kept_handle(self, number);

	if (kept && at + n <= KEPT_COLLECTED_MAX &&
		pwrite(self->fd, bytes, n, text_at(self, kept) + (off_t)at) !=
			(ssize_t)n)
		g_debug("the text of a handle is not kept");
}

GByteArray *kept_text(Kept *self, guint64 number, gsize n)
{
	const KeptHandle *kept = kept_handle(self, number);
	GByteArray *text = g_byte_array_new();

	g_byte_array_set_size(text, (guint)MIN(n, KEPT_COLLECTED_MAX));
	if (kept && n <= KEPT_COLLECTED_MAX &&
		pread(self->fd, text->data, n, text_at(self, kept)) ==
			(ssize_t)n)
		return text;
	g_byte_array_unref(text);
	return NULL;
}

GArray *kept_polls(Kept *self)
{
	GArray *polls = g_array_new(FALSE, FALSE, sizeof(guint64));
	guint end = self ? MIN(self->head->handles_end, HANDLES) : 0;

	for (guint i = 0; i < end; i++) {
		const KeptHandle *kept = &self->handles[i];

		if (kept->number && kept->poll)
			g_array_append_val(polls, kept->poll);
	}
	return polls;
}

/* ---- what is still to be told ---- */

static guint32 take_debt(Kept *self)
{
	guint32 place = DEBTS;

	mutex_lock(&self->lock);
	if (self->free_debts->len) {
		place = g_array_index(
			self->free_debts, guint32, self->free_debts->len - 1);
		g_array_set_size(self->free_debts, self->free_debts->len - 1);
	} else if (self->head->debts_end < DEBTS) {
		place = self->head->debts_end++;
	}
	mutex_unlock(&self->lock);
	return place;
}

guint32 kept_owe(Kept *self, const KeptNews *is)
{
	guint32 place = take_debt(self);
	KeptNews *debt;

	if (place == DEBTS) {
		__atomic_store_n(&self->head->owes_all, 1, __ATOMIC_RELEASE);
		return 0;
	}
	debt = &self->debts[place];
	*debt = *is;
	__atomic_store_n(&debt->state, 1, __ATOMIC_RELEASE);
	return place + 1;
}

KeptNews *kept_owed(Kept *self, guint32 debt)
{
	return self && debt && debt <= DEBTS ? &self->debts[debt - 1] : NULL;
}

void kept_paid(Kept *self, guint32 debt)
{
	KeptNews *owed = kept_owed(self, debt);
	guint32 place = debt - 1;

	if (!owed)
		return;
	__atomic_store_n(&owed->state, 0, __ATOMIC_RELEASE);
	mutex_lock(&self->lock);
	g_array_append_val(self->free_debts, place);
	mutex_unlock(&self->lock);
}

GArray *kept_debts(Kept *self)
{
	GArray *debts = g_array_new(FALSE, FALSE, sizeof(guint32));
	guint32 end = self ? MIN(self->head->debts_end, DEBTS) : 0;

	for (guint32 i = 1; i <= end; i++) {
		if (self->debts[i - 1].state)
			g_array_append_val(debts, i);
	}
	return debts;
}

gboolean kept_owes_all(Kept *self)
{
	return self &&
	       __atomic_exchange_n(&self->head->owes_all, 0, __ATOMIC_ACQ_REL);
}

guint64 kept_hash(const void *bytes, gsize n)
{
	guint64 hash = 0xcbf29ce484222325u ^ n, word;
	const char *at = bytes;

	for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29;
	}
	for (; n; n--, at++)
		hash = (hash ^ (guint8)*at) * 0x100000001b3u;
	return hash ? hash : 1;
}
