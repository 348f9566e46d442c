#include "cache/model/texts.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "cache/cache.h"
#include "cache/store/snapshot.h"

struct Texts {
	Mutex lock;
	char *last_error GUARDED_BY(lock), *partial GUARDED_BY(lock);
	/* the disk does not have that yet, but will */
	gboolean error_unkept GUARDED_BY(lock);
	gint64 changed_ns GUARDED_BY(lock);
};

Texts *texts_new(gint64 created_ns)
{
	Texts *self = g_new0(Texts, 1);

	mutex_init(&self->lock);
	self->changed_ns = created_ns;
	return self;
}

void texts_free(Texts *self)
{
	mutex_destroy(&self->lock);
	g_free(self->last_error);
	g_free(self->partial);
	g_free(self);
}

/* Whether it is another one. */
static gboolean replace(Texts *self, char **text, char *value)
	REQUIRES(self->lock)
{
	gboolean same = g_strcmp0(*text, value) == 0;

	g_free(*text);
	*text = value;
	if (!same)
		self->changed_ns = time_after(self->changed_ns);
	return !same;
}

void texts_restore(Texts *self, char *last_error, gint64 changed_ns)
{
	mutex_lock(&self->lock);
	g_free(self->last_error);
	self->last_error = last_error;
	if (changed_ns != 0)
		self->changed_ns = changed_ns;
	mutex_unlock(&self->lock);
}

gboolean texts_set_error(Texts *self, char *text, gboolean *ret_keep)
{
	gboolean other;

	mutex_lock(&self->lock);
	other = replace(self, &self->last_error, text);
	*ret_keep = !self->error_unkept;
	self->error_unkept = TRUE;
	mutex_unlock(&self->lock);
	return other;
}

guint texts_set_partial(Texts *self, char *text)
{
	guint change = TEXT_PARTIAL;

	mutex_lock(&self->lock);
	if (self->partial == NULL)
		change = TEXT_PARTIAL_MADE;
	else if (text == NULL)
		change = TEXT_PARTIAL_GONE;
	if (!replace(self, &self->partial, text))
		change = 0;
	mutex_unlock(&self->lock);
	return change;
}

void texts_touch(Texts *self)
{
	mutex_lock(&self->lock);
	self->changed_ns = time_after(self->changed_ns);
	mutex_unlock(&self->lock);
}

char *texts_error(Texts *self)
{
	return LOCKED(&self->lock, g_strdup(self->last_error));
}

char *texts_partial(Texts *self)
{
	return LOCKED(&self->lock, g_strdup(self->partial));
}

char *texts_keep_error(Texts *self)
{
	char *text;

	mutex_lock(&self->lock);
	text = g_strdup(self->last_error);
	self->error_unkept = FALSE;
	mutex_unlock(&self->lock);
	return text;
}

gint64 texts_changed_ns(Texts *self)
{
	return LOCKED(&self->lock, self->changed_ns);
}
