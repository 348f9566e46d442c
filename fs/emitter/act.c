#include "fs/emitter/act.h"

#include <string.h>

static void step_clear(void *data)
{
	g_free(((ActStep *)data)->name);
}

Act *act_new(ActKind kind, guint32 dir)
{
	Act *act = g_new0(Act, 1);

	act->kind = kind;
	act->dir = dir;
	act->steps = g_array_new(FALSE, FALSE, sizeof(ActStep));
	g_array_set_clear_func(act->steps, step_clear);
	return act;
}

Act *act_copy(const Act *act, ActKind kind)
{
	Act *copy = act_new(kind, act->dir);

	for (guint i = 0; i < act->steps->len; i++) {
		const ActStep *step = &g_array_index(act->steps, ActStep, i);

		act_step(copy, step->name, step->ino, step->type);
	}
	return copy;
}

void act_free(Act *act)
{
	if (!act)
		return;
	g_array_unref(act->steps);
	g_free(act->to.name);
	if (act->owed)
		g_atomic_int_add(act->owed, -1);
	g_free(act);
}

void act_owe(Act *act, gint *owed)
{
	act->owed = owed;
	g_atomic_int_inc(owed);
}

void act_step(Act *act, const char *name, fuse_ino_t ino, mode_t type)
{
	ActStep step = {g_strdup(name), ino, type};

	g_array_append_val(act->steps, step);
}

const ActStep *act_last(const Act *act)
{
	return &g_array_index(act->steps, ActStep, act->steps->len - 1);
}

void act_move(Act *act, const char *name, fuse_ino_t ino)
{
	g_free(act->to.name);
	act->to = (ActStep){g_strdup(name), ino, act_last(act)->type};
}

fuse_ino_t act_parent(const Act *act)
{
	if (act->steps->len < 2)
		return FUSE_ROOT_ID;
	return g_array_index(act->steps, ActStep, act->steps->len - 2).ino;
}

const ActStep *act_find(const Act *act, fuse_ino_t parent, const char *name)
{
	fuse_ino_t above = FUSE_ROOT_ID;

	for (guint i = 0; i < act->steps->len; i++) {
		const ActStep *step = &g_array_index(act->steps, ActStep, i);

		if (above == parent && !strcmp(step->name, name))
			return step;
		above = step->ino;
	}
	if (act->to.ino && parent == act_parent(act) &&
		!strcmp(act->to.name, name))
		return &act->to;
	return NULL;
}

static GString *path_of(const Act *act, guint n)
{
	GString *path = g_string_new(NULL);

	for (guint i = 0; i < n; i++) {
		if (i)
			g_string_append_c(path, '/');
		g_string_append(
			path, g_array_index(act->steps, ActStep, i).name);
	}
	return path;
}

char *act_path(const Act *act)
{
	return g_string_free(path_of(act, act->steps->len), FALSE);
}

char *act_path_to(const Act *act)
{
	GString *path = path_of(act, act->steps->len - 1);

	if (path->len)
		g_string_append_c(path, '/');
	g_string_append(path, act->to.name);
	return g_string_free(path, FALSE);
}
