#include "cache/base/state_names.h"

#include <string.h>

#include "backends/base/mutex.h"

#define STATE_NAMES_MAX 4096
#define OTHER 1 /* the index of WORD_OTHER */

struct StateNames {
	Mutex lock;
	GHashTable *index GUARDED_BY(lock); /* word -> its index */
	char *state_names[STATE_NAMES_MAX];
	guint n;
};

static guint16 word_add(StateNames *self, const char *word) REQUIRES(self->lock)
{
	char *copy;

	if (self->n == STATE_NAMES_MAX)
		return OTHER;
	copy = g_strdup(word);
	/* Readers look without the lock. */
	__atomic_store_n(&self->state_names[self->n], copy, __ATOMIC_RELEASE);
	g_hash_table_insert(self->index, copy, GUINT_TO_POINTER(self->n));
	return (guint16)self->n++;
}

StateNames *state_names_new(void)
{
	StateNames *self = g_new0(StateNames, 1);

	mutex_init(&self->lock);
	self->index = g_hash_table_new(g_str_hash, g_str_equal);
	word_add(self, "");
	word_add(self, WORD_OTHER);
	return self;
}

void state_names_free(StateNames *self)
{
	mutex_destroy(&self->lock);
	g_hash_table_unref(self->index);
	for (guint i = 0; i < self->n; i++)
		g_free(self->state_names[i]);
	g_free(self);
}

guint16 state_names_index(StateNames *self, const char *word)
{
	char cut[WORD_MAX_BYTES + 1];
	gpointer known;
	guint16 index;

	if (strlen(word) > WORD_MAX_BYTES) {
		const char *end =
			g_utf8_find_prev_char(word, word + WORD_MAX_BYTES);

		g_strlcpy(cut, word, (gsize)(end - word) + 1);
		word = cut;
	}
	mutex_lock(&self->lock);
	if (g_hash_table_lookup_extended(self->index, word, NULL, &known))
		index = (guint16)GPOINTER_TO_UINT(known);
	else
		index = word_add(self, word);
	mutex_unlock(&self->lock);
	return index;
}

const char *state_names_get(StateNames *self, guint16 index)
{
	const char *word = NULL;

	if (index < STATE_NAMES_MAX)
		word = __atomic_load_n(
			&self->state_names[index], __ATOMIC_ACQUIRE);
	return word != NULL ? word : "";
}
