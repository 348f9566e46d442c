#include "fs/command/command_line.h"

#include <string.h>

#include "fs/base/exit_status.h"
#include "fs/base/say.h"

struct CommandLine {
	char *program; /* "sessionfs status" */
	const Flag *flags;
	char **values; /* by the number of the flag; "" for one that takes none */
	GPtrArray *operands;
};

static gboolean take(
	const Flag *flag, const char *value, void *data, GError **error)
{
	CommandLine *self = data;
	char **place = &self->values[flag - self->flags];

	g_free(*place);
	*place = g_strdup(value ? value : "");
	return TRUE;
}

CommandLine *command_line_parse(
	const Flag *flags, int argc, char **argv, GError **error)
{
	g_autoptr(CommandLine) self = g_new0(CommandLine, 1);
	gsize count = 0;

	while (flags[count].name)
		count++;
	self->program = g_strdup_printf("sessionfs %s", argv[0]);
	self->flags = flags;
	self->values = g_new0(char *, count + 1);
	self->operands = g_ptr_array_new_with_free_func(g_free);
	if (!flag_parse(self->program, flags, argc, argv, take, self,
		    self->operands, error))
		return NULL;
	return g_steal_pointer(&self);
}

void command_line_free(CommandLine *self)
{
	for (gsize i = 0; self->flags[i].name; i++)
		g_free(self->values[i]);
	g_free(self->values);
	g_ptr_array_unref(self->operands);
	g_free(self->program);
	g_free(self);
}

const char *command_line_value(const CommandLine *self, const char *name)
{
	for (gsize i = 0; self->flags[i].name; i++)
		if (!strcmp(self->flags[i].name, name))
			return self->values[i];
	g_return_val_if_reached(NULL); /* no row of the table */
}

gboolean command_line_has(const CommandLine *self, const char *name)
{
	return command_line_value(self, name) != NULL;
}

guint command_line_operands(const CommandLine *self)
{
	return self->operands->len;
}

const char *command_line_operand(const CommandLine *self, guint i)
{
	return g_ptr_array_index(self->operands, i);
}

int command_line_fail(int status, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	say("%s", message);
	return status;
}

int command_line_misused(const CommandLine *self, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	return command_line_fail(
		STATUS_USAGE, "%s (see %s --help)", message, self->program);
}
