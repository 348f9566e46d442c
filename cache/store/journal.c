#include "cache/store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/base/descriptors.h"
#include "cache/base/hash.h"
#include "cache/base/failpoint.h"
#include "cache/store/body_store.h"
#include "cache/store/journal_form.h"

#define MAGIC "sfsreq01"
#define MAGIC_LEN 6 /* then two digits: the version of the format */
#define SLOT 8192
#define SLOTS 2
#define SLOT_ALIGN 512
/* A spec is a mebibyte at most, and stands in it as written and as sent. */
#define INTENT_MAX (8u * 1024 * 1024)
#define PART ".part"
#define DAMAGED ".damaged"

typedef struct {
	char magic[8];
	guint64 check; /* of all behind it, to the end of the intent */
	guint32 len, slots;
} FileHead;

typedef struct {
	guint64 check; /* of all behind it, to the end of the outcome */
	guint64 sequence;
	guint32 len;
	guint32 zero;
} SlotHead;

struct Journal {
	char *path;
	int dir;
	guint damaged;
};

/* That a directory is in it must last as long as what is in that. */
static void sync_place(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		g_warning("cannot sync %s: %s", path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
}

Journal *journal_open(const char *state_dir, GError **error)
{
	g_autofree char *path = g_build_filename(state_dir, ".requests", NULL);
	Journal *self;
	int dir;

	if (mkdir(path, 0700) == 0)
		sync_place(state_dir);
	else if (errno != EEXIST) {
		file_error(error, "make", path);
		return NULL;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0) {
		file_error(error, "open", path);
		return NULL;
	}
	self = g_new0(Journal, 1);
	self->path = g_steal_pointer(&path);
	self->dir = dir;
	return self;
}

void journal_free(Journal *self)
{
	close(self->dir);
	g_free(self->path);
	g_free(self);
}

guint journal_damaged(const Journal *self)
{
	return self->damaged;
}

static char *path_of(const Journal *self, const char *name)
{
	return g_build_filename(self->path, name, NULL);
}

/* ---- slots ---- */

/* The data of a variant is copied, since it is read where it need not be
 * aligned. */
static void append_variant(GByteArray *out, GVariant *value)
{
	g_autoptr(GVariant) sunk = g_variant_ref_sink(value);

	g_byte_array_append(
		out, g_variant_get_data(sunk), (guint)g_variant_get_size(sunk));
}

/* A whole value of that type, or NULL. */
static GVariant *read_variant(const char *type, const guint8 *data, gsize len)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, len);
	g_autoptr(GVariant) value = g_variant_ref_sink(
		g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE));

	return g_variant_is_normal_form(value) ? g_steal_pointer(&value) : NULL;
}

static void append_slot(
	GByteArray *out, const Outcome *outcome, guint64 sequence)
{
	SlotHead head = {.sequence = sequence};
	guint at = out->len;

	g_byte_array_append(out, (const guint8 *)&head, sizeof(head));
	if (outcome != NULL)
		append_variant(out, journal_pack_outcome(outcome));
	g_assert(out->len - at <= SLOT);
	head.len = out->len - at - (guint)sizeof(head);
	memcpy(out->data + at, &head, sizeof(head));
	head.check = hash_bytes(out->data + at + sizeof(head.check),
		out->len - at - sizeof(head.check));
	memcpy(out->data + at, &head.check, sizeof(head.check));
	g_byte_array_set_size(out, at + SLOT);
	memset(out->data + at + sizeof(head) + head.len, 0,
		SLOT - sizeof(head) - head.len);
}

/* One that was never written says so itself. */
static gboolean is_empty(const guint8 *slot)
{
	SlotHead head;

	memcpy(&head, slot, sizeof(head));
	return head.len == 0 && head.sequence == 0 &&
	       hash_bytes(slot + sizeof(head.check),
		       sizeof(head) - sizeof(head.check)) == head.check;
}

/* NULL: it holds none, or is damaged. */
static Outcome *read_slot(const guint8 *slot, guint64 *ret_sequence)
{
	g_autoptr(GVariant) value = NULL;
	SlotHead head;

	memcpy(&head, slot, sizeof(head));
	if (head.len == 0 || head.len > SLOT - sizeof(head) ||
		hash_bytes(slot + sizeof(head.check),
			sizeof(head) - sizeof(head.check) + head.len) !=
			head.check)
		return NULL;
	value = read_variant(OUTCOME_TYPE, slot + sizeof(head), head.len);
	*ret_sequence = head.sequence;
	return value != NULL ? journal_unpack_outcome(value) : NULL;
}

/* The last outcome, and which slot holds it; NULL: neither can be read.
 * *ret_damaged: how many cannot. */
static Outcome *read_slots(int fd, guint64 at, guint *ret_slot,
	guint64 *ret_sequence, guint *ret_damaged)
{
	g_autofree guint8 *slots = g_malloc0(SLOTS * SLOT);
	gssize got = body_file_read(fd, slots, SLOTS * SLOT, at);
	Outcome *last = NULL;

	*ret_slot = 0;
	*ret_sequence = 0;
	*ret_damaged = 0;
	for (guint i = 0; i < SLOTS && got >= (gssize)(i + 1) * SLOT; i++) {
		guint64 sequence = 0;
		Outcome *outcome = read_slot(slots + i * SLOT, &sequence);

		if (outcome == NULL && !is_empty(slots + i * SLOT))
			++*ret_damaged;
		if (outcome == NULL || sequence < *ret_sequence) {
			outcome_free(outcome);
			continue;
		}
		outcome_free(last);
		last = outcome;
		*ret_slot = i;
		*ret_sequence = sequence;
	}
	return last;
}

/* ---- loading ---- */

static guint64 head_check(const guint8 *data, gsize len)
{
	const gsize skipped = G_STRUCT_OFFSET(FileHead, len);

	return hash_bytes(data + skipped, len - skipped);
}

static gboolean head_makes_sense(const FileHead *head, gssize got)
{
	return got == sizeof(*head) &&
	       memcmp(head->magic, MAGIC, sizeof(head->magic)) == 0 &&
	       head->len > 0 && head->len <= INTENT_MAX &&
	       head->slots >= sizeof(*head) + head->len &&
	       head->slots <= sizeof(*head) + head->len + SLOT_ALIGN;
}

/* NULL: damaged. */
static Intent *read_intent(int fd, const char *rid, guint64 *ret_slots)
{
	g_autofree guint8 *data = NULL;
	g_autoptr(GVariant) value = NULL;
	FileHead head;
	gsize len;

	if (!head_makes_sense(
		    &head, body_file_read(fd, &head, sizeof(head), 0)))
		return NULL;
	len = sizeof(head) + head.len;
	data = g_malloc(len);
	if (body_file_read(fd, data, len, 0) != (gssize)len ||
		head_check(data, len) != head.check)
		return NULL;
	*ret_slots = head.slots;
	value = read_variant(INTENT_TYPE, data + sizeof(head), head.len);
	return value != NULL ? journal_unpack_intent(value, rid) : NULL;
}

static void put_aside(Journal *self, const char *rid)
{
	g_autofree char *aside = g_strconcat(rid, DAMAGED, NULL);

	self->damaged++;
	if (renameat(self->dir, rid, self->dir, aside) != 0)
		aside[strlen(rid)] = '\0';
	g_warning("the request %s cannot be read: what it asked for is not "
		  "known, and a session may stand behind it; kept as %s/%s",
		rid, self->path, aside);
}

/* NULL: it is damaged. */
static Intent *read_all(Journal *self, int fd, const char *rid, Outcome **ret)
{
	guint64 slots = 0, sequence;
	Intent *intent = read_intent(fd, rid, &slots);
	guint slot, damaged;

	if (intent == NULL)
		return NULL;
	*ret = read_slots(fd, slots, &slot, &sequence, &damaged);
	self->damaged += damaged > 0 || *ret == NULL;
	if (*ret != NULL && damaged > 0)
		g_warning("what was noted last, or before that, of request %s "
			  "in %s/%s cannot be read: it goes on from %s",
			rid, intent->provider, intent->workspace,
			request_state_name((*ret)->state));
	if (*ret != NULL)
		return intent;
	g_warning("the outcome of request %s in %s/%s cannot be read: it will "
		  "be looked for",
		rid, intent->provider, intent->workspace);
	*ret = outcome_new(REQUEST_SENT);
	return intent;
}

/* A FIFO would be waited for. */
static gboolean is_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return FALSE;
	errno = EINVAL;
	return S_ISREG(st.st_mode);
}

/* A later version's file is for that version alone. */
static gboolean is_newer(int fd)
{
	char magic[sizeof(MAGIC) - 1];

	return body_file_read(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, MAGIC, MAGIC_LEN) == 0 &&
	       g_ascii_isdigit(magic[MAGIC_LEN]) &&
	       g_ascii_isdigit(magic[MAGIC_LEN + 1]) &&
	       memcmp(magic, MAGIC, sizeof(magic)) > 0;
}

static void load_read(
	Journal *self, int fd, const char *rid, JournalVisit visit, void *data)
{
	Outcome *outcome = NULL;
	Intent *intent = read_all(self, fd, rid, &outcome);

	if (intent != NULL)
		visit(intent, outcome, data);
	else
		put_aside(self, rid);
}

static gboolean load_one(Journal *self, const char *rid, JournalVisit visit,
	void *data, GError **error)
{
	int fd = openat(
		self->dir, rid, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	gboolean newer = FALSE;
	char probe;

	/* The next start may find it well. */
	if (fd < 0 || !is_file(fd) || body_file_read(fd, &probe, 1, 0) < 0) {
		self->damaged++;
		g_warning("the request %s cannot be read now: %s", rid,
			g_strerror(errno));
	} else if (is_newer(fd)) {
		newer = TRUE;
		backend_error_set(error, BACKEND_ERROR_LOCAL,
			"a newer version of sessionfs wrote %s/%s: run that "
			"one, or name another state_dir",
			self->path, rid);
	} else {
		load_read(self, fd, rid, visit, data);
	}
	if (fd >= 0)
		close(fd);
	return !newer;
}

static gboolean is_rid(const char *name)
{
	gsize len = strlen(name);

	return len > 0 && len < RID_MAX && g_ascii_isdigit(*name) &&
	       strchr(name, '/') == NULL && !g_str_has_suffix(name, PART) &&
	       !g_str_has_suffix(name, DAMAGED);
}

gboolean journal_load(
	Journal *self, JournalVisit visit, void *data, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(GDir) dir = g_dir_open(self->path, 0, &why);
	const char *name;
	gboolean ok = TRUE;

	if (dir == NULL)
		return backend_error_false(
			error, BACKEND_ERROR_LOCAL, "%s", why->message);
	while (ok && (name = g_dir_read_name(dir)) != NULL) {
		/* Of what never got its name nothing was sent. */
		if (g_str_has_suffix(name, PART))
			unlinkat(self->dir, name, 0);
		else if (is_rid(name))
			ok = load_one(self, name, visit, data, error);
	}
	return ok;
}

/* ---- writing ---- */

static GByteArray *pack_file(const Intent *intent, const Outcome *outcome)
{
	GByteArray *out = g_byte_array_sized_new(4 * SLOT);
	FileHead head = {.len = 0};

	memcpy(head.magic, MAGIC, sizeof(head.magic));
	g_byte_array_append(out, (const guint8 *)&head, sizeof(head));
	append_variant(out, journal_pack_intent(intent));
	head.len = out->len - (guint)sizeof(head);
	head.slots = (out->len + SLOT_ALIGN - 1) / SLOT_ALIGN * SLOT_ALIGN;
	memcpy(out->data, &head, sizeof(head));
	head.check = head_check(out->data, out->len);
	memcpy(out->data, &head, sizeof(head));
	while (out->len < head.slots)
		g_byte_array_append(out, (const guint8 *)"", 1);
	append_slot(out, outcome, 1);
	append_slot(out, NULL, 0);
	return out;
}

static gboolean sync_file(int fd, const char *path, GError **error)
{
	return failpoint_flaw("no-fsync") || fsync(fd) == 0 ||
	       file_error(error, "write", path);
}

/* What was synced is told of by the name that it has. */
static void note_synced(const Journal *self, const char *rid)
{
	if (!failpoint_flaw("no-fsync"))
		failpoint_synced(self->dir, rid);
}

static gboolean write_part(const Journal *self, const char *part,
	const GByteArray *bytes, const char *step, GError **error)
{
	g_autofree char *path = path_of(self, part);
	int fd = descriptors_openat_first(
		self->dir, part, O_RDWR | O_CREAT | O_TRUNC);
	gboolean ok;

	if (fd < 0)
		return file_error(error, "make", path);
	ok = body_file_write(fd, path, bytes->data, bytes->len, 0, error);
	if (ok)
		failpoint_step(step, "write");
	ok = ok && sync_file(fd, path, error);
	/* Some file systems tell of a full disk only now. */
	if (descriptors_close(fd) != 0 && ok) {
		file_error(error, "write", path);
		ok = FALSE;
	}
	return ok;
}

static gboolean write_slot(const Journal *self, int fd, const char *rid,
	const Outcome *outcome, gboolean sync, GError **error)
{
	const char *step = request_state_name(outcome->state);
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree char *path = path_of(self, rid);
	guint64 sequence;
	FileHead head;
	guint slot, damaged;

	if (!head_makes_sense(
		    &head, body_file_read(fd, &head, sizeof(head), 0)))
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"%s was damaged while it was in use", path);
	outcome_free(read_slots(fd, head.slots, &slot, &sequence, &damaged));
	append_slot(bytes, outcome, sequence + 1);
	slot = sequence > 0 ? (slot + 1) % SLOTS : 0;
	if (!body_file_write(fd, path, bytes->data, bytes->len,
		    head.slots + (guint64)slot * SLOT, error))
		return FALSE;
	failpoint_step(step, "write");
	if (sync && !sync_file(fd, path, error))
		return FALSE;
	if (sync)
		note_synced(self, rid);
	failpoint_step(step, "synced");
	return TRUE;
}

gboolean journal_note(Journal *self, const char *rid, const Outcome *outcome,
	gboolean sync, GError **error)
{
	int fd = descriptors_openat_first(self->dir, rid, O_RDWR);
	gboolean ok;

	if (fd < 0) {
		g_autofree char *path = path_of(self, rid);

		return file_error(error, "open", path);
	}
	ok = write_slot(self, fd, rid, outcome, sync, error);
	descriptors_close(fd);
	return ok;
}

void journal_drop(Journal *self, const char *rid)
{
	if (unlinkat(self->dir, rid, 0) != 0)
		g_debug("%s/%s: %s", self->path, rid, g_strerror(errno));
	failpoint_synced(self->dir, rid);
}

/* Whether its name will last is not known: so it must not say that it was sent. */
static void take_back(Journal *self, const char *rid, const Outcome *before)
{
	g_autoptr(Outcome) none = outcome_saying(
		REQUEST_FAILED, g_strdup("nothing was sent, since it could not "
					 "be recorded first"));
	g_autoptr(GError) error = NULL;

	if (!journal_note(
		    self, rid, before != NULL ? before : none, TRUE, &error))
		g_warning(
			"request %s was not sent, and may be looked for after "
			"a restart: %s",
			rid, error->message);
	if (before == NULL)
		journal_drop(self, rid);
}

gboolean journal_put(Journal *self, const Intent *intent, const Outcome *before,
	const Outcome *outcome, GError **error)
{
	const char *step = request_state_name(outcome->state);
	g_autoptr(GByteArray) bytes = pack_file(intent, outcome);
	g_autofree char *part = g_strconcat(intent->rid, PART, NULL);

	if (!write_part(self, part, bytes, step, error)) {
		unlinkat(self->dir, part, 0);
		return FALSE;
	}
	if (renameat(self->dir, part, self->dir, intent->rid) != 0) {
		g_autofree char *path = path_of(self, intent->rid);

		file_error(error, "make", path);
		unlinkat(self->dir, part, 0);
		return FALSE;
	}
	if (!sync_file(self->dir, self->path, error)) {
		take_back(self, intent->rid, before);
		return FALSE;
	}
	note_synced(self, intent->rid);
	failpoint_step(step, "synced");
	return TRUE;
}
