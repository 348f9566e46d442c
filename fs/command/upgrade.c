#include "fs/command/upgrade.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/base/exit_status.h"
#include "fs/command/places.h"
#include "fs/command/status_text.h"
#include "fs/keeper/succession.h"
#include "fs/start/probe.h"
#include "fs/version.h"

/* A trial has 30 s, and five workers that cannot take over some more. */
#define ANSWER_MS 90000

const Flag upgrade_flags[] = {FLAG_HELP, {NULL}};

/* Where its keeper is asked: new string; NULL: *ret_status, of what was said. */
static char *keeper_of(const char *place, int *ret_status)
{
	int error;
	g_autofree char *text = probe_read(place, ".sessionfs/status", &error);
	g_autoptr(GPtrArray) blocks = NULL;
	const char *keeper;

	if (!text) {
		*ret_status = places_unreached(place, error);
		return NULL;
	}
	blocks = status_text_parse(text);
	keeper = status_text_get(g_ptr_array_index(blocks, 0), "keeper");
	if (*keeper)
		return g_strdup(keeper);
	*ret_status = command_line_fail(STATUS_REFUSED,
		"%s has no keeper: it goes on with the program that it has "
		"(mount it with -o keeper, and the next upgrade needs no "
		"unmount)",
		place);
	return NULL;
}

/* 0: the keeper has ended, or does not say. */
static char answer_of(int fd)
{
	struct pollfd one = {fd, POLLIN, 0};
	char letter = 0;

	if (poll(&one, 1, ANSWER_MS) == 1 && read(fd, &letter, 1) != 1)
		letter = 0;
	close(fd);
	return letter;
}

static int tell(const char *place, char answer)
{
	switch (answer) {
	case SUCCESSION_DONE:
		printf("%s: now served by sessionfs %s\n", place,
			SESSIONFS_VERSION);
		return EXIT_SUCCESS;
	case SUCCESSION_BUSY:
		return command_line_fail(STATUS_BUSY,
			"%s is being upgraded or ends: try again later", place);
	case SUCCESSION_REFUSED:
		return command_line_fail(STATUS_REFUSED,
			"%s goes on with the program that it has", place);
	default:
		return command_line_fail(EXIT_FAILURE,
			"%s: its keeper has not answered: see `sessionfs "
			"status %s` and the log",
			place, place);
	}
}

static int upgrade_one(const char *place)
{
	int status = EXIT_SUCCESS, fd;
	g_autofree char *keeper = keeper_of(place, &status);

	if (!keeper)
		return status;
	fd = succession_ask(keeper);
	if (fd < 0)
		return command_line_fail(EXIT_FAILURE,
			"the keeper of %s cannot be asked: %s", place,
			g_strerror(errno));
	return tell(place, answer_of(fd));
}

int upgrade_run(const CommandLine *line)
{
	g_autoptr(GPtrArray) places = places_named(line);
	int first = EXIT_SUCCESS;

	if (!places)
		return STATUS_NO_MOUNT;
	if (!places->len)
		return command_line_fail(
			STATUS_NO_MOUNT, "no sessionfs is mounted");
	for (guint i = 0; i < places->len; i++) {
		int status = upgrade_one(g_ptr_array_index(places, i));

		if (!first)
			first = status;
	}
	return first;
}
