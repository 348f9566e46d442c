#include "fs/emitter/synth_event.h"

#include <string.h>

static void step_clear(void *data)
{
	g_free(((SynthEventStep *)data)->name);
}

SynthEvent *synth_event_new(SynthEventKind kind, guint32 dir)
{
	SynthEvent *event = g_new0(SynthEvent, 1);

	event->kind = kind;
	event->dir = dir;
	event->steps = g_array_new(FALSE, FALSE, sizeof(SynthEventStep));
	g_array_set_clear_func(event->steps, step_clear);
	return event;
}

SynthEvent *synth_event_copy(const SynthEvent *event, SynthEventKind kind)
{
	SynthEvent *copy = synth_event_new(kind, event->dir);

	for (guint i = 0; i < event->steps->len; i++) {
		const SynthEventStep *step =
			&g_array_index(event->steps, SynthEventStep, i);

		synth_event_step(copy, step->name, step->ino, step->type);
	}
	return copy;
}

void synth_events_group(SynthEvent *const *events, guint n,
	void (*over)(guint32 which, void *data), guint32 which, void *data)
{
	SynthGroup *group;

	if (!n) {
		over(which, data);
		return;
	}
	group = g_new(SynthGroup, 1);
	*group = (SynthGroup){(gint)n, over, which, data};
	for (guint i = 0; i < n; i++)
		events[i]->group = group;
}

static void leave(SynthGroup *group)
{
	if (!group || !g_atomic_int_dec_and_test(&group->events))
		return;
	group->over(group->which, group->data);
	g_free(group);
}

void synth_event_free(SynthEvent *event)
{
	if (!event)
		return;
	g_array_unref(event->steps);
	g_free(event->to.name);
	if (event->owed)
		g_atomic_int_add(event->owed, -1);
	leave(event->group);
	g_free(event);
}

void synth_event_owe(SynthEvent *event, gint *owed)
{
	event->owed = owed;
	g_atomic_int_inc(owed);
}

void synth_event_step(
	SynthEvent *event, const char *name, fuse_ino_t ino, mode_t type)
{
	SynthEventStep step = {g_strdup(name), ino, type};

	g_array_append_val(event->steps, step);
}

fuse_ino_t synth_event_end(const SynthEvent *event)
{
	return event->steps->len ? synth_event_last(event)->ino : FUSE_ROOT_ID;
}

const SynthEventStep *synth_event_last(const SynthEvent *event)
{
	return &g_array_index(
		event->steps, SynthEventStep, event->steps->len - 1);
}

void synth_event_move(SynthEvent *event, const char *name, fuse_ino_t ino)
{
	g_free(event->to.name);
	event->to = (SynthEventStep){
		g_strdup(name), ino, synth_event_last(event)->type};
}

fuse_ino_t synth_event_parent(const SynthEvent *event)
{
	if (event->steps->len < 2)
		return FUSE_ROOT_ID;
	return g_array_index(
		event->steps, SynthEventStep, event->steps->len - 2)
		.ino;
}

const SynthEventStep *synth_event_find(
	const SynthEvent *event, fuse_ino_t parent, const char *name)
{
	fuse_ino_t above = FUSE_ROOT_ID;

	for (guint i = 0; i < event->steps->len; i++) {
		const SynthEventStep *step =
			&g_array_index(event->steps, SynthEventStep, i);

		if (above == parent && !strcmp(step->name, name))
			return step;
		above = step->ino;
	}
	if (event->to.name && parent == synth_event_parent(event) &&
		!strcmp(event->to.name, name))
		return &event->to;
	return NULL;
}

static char *path_of(const SynthEvent *event, const char *last)
{
	GString *path = g_string_new(NULL);

	for (guint i = 0; i + 1 < event->steps->len; i++)
		g_string_append_printf(path, "%s/",
			g_array_index(event->steps, SynthEventStep, i).name);
	g_string_append(path, last);
	return g_string_free(path, FALSE);
}

char *synth_event_path(const SynthEvent *event)
{
	return path_of(event, synth_event_last(event)->name);
}

char *synth_event_path_to(const SynthEvent *event)
{
	return path_of(event, event->to.name);
}
