#include "fs/base/status_line.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backends/base/mutex.h"

#define WIDTH 80 /* of a terminal that does not tell */

static struct {
	Mutex lock;
	guint shown GUARDED_BY(lock); /* characters; 0: no line is shown */
} line = {.lock = MUTEX_INIT};

gboolean status_line_can(void)
{
	return isatty(STDERR_FILENO);
}

/* One less than there are columns: in the last one a terminal begins a new line. */
guint status_line_width(void)
{
	struct winsize size = {0};

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 2)
		return WIDTH - 1;
	return size.ws_col - 1U;
}

/* Blanks over what the line before had more. */
static void draw(const char *text, guint length) REQUIRES(line.lock)
{
	guint rest = line.shown > length ? line.shown - length : 0;

	fprintf(stderr, "\r%s%*s%s", text, (int)rest, "", length ? "" : "\r");
	fflush(stderr);
	line.shown = length;
}

void status_line_show(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	guint length =
		MIN((guint)g_utf8_strlen(valid, -1), status_line_width());

	if (!status_line_can())
		return;
	*g_utf8_offset_to_pointer(valid, (glong)length) = '\0';
	mutex_lock(&line.lock);
	draw(valid, length);
	mutex_unlock(&line.lock);
}

void status_line_clear(void)
{
	mutex_lock(&line.lock);
	if (line.shown)
		draw("", 0);
	mutex_unlock(&line.lock);
}
