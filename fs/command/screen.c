#include "fs/command/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define CONTROL_C 3
#define CONTROL_D 4

#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define TO_OTHER_SCREEN "\033[?1049h"
#define FROM_OTHER_SCREEN "\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static struct {
	gboolean drawn; /* standard output is a terminal */
	gboolean keys;  /* so is standard input */
	struct termios before;
} screen;

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
	if (number != SIGWINCH)
		asked_to_end = 1;
}

/* No SA_RESTART: the wait ends. */
static void take_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
	struct sigaction action = {.sa_handler = on_signal};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
		sigaction(numbers[i], &action, NULL);
}

void screen_start(void)
{
	struct termios raw;

	take_signals();
	screen.drawn = isatty(STDOUT_FILENO);
	screen.keys = screen.drawn && !tcgetattr(STDIN_FILENO, &screen.before);
	if (screen.keys) {
		raw = screen.before;
		raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ISIG);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (screen.drawn)
		fputs(TO_OTHER_SCREEN HIDE_CURSOR, stdout);
}

void screen_end(void)
{
	if (screen.drawn)
		fputs(SHOW_CURSOR FROM_OTHER_SCREEN, stdout);
	if (screen.keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

/* So many characters of it. */
static void put_cut(const char *line, gsize columns)
{
	g_autofree char *valid = g_utf8_make_valid(line, -1);

	if ((gsize)g_utf8_strlen(valid, -1) > columns)
		*g_utf8_offset_to_pointer(valid, (glong)columns) = '\0';
	fputs(valid, stdout);
}

void screen_show(const char *text)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	g_auto(GStrv) lines = NULL;

	if (!screen.drawn) {
		fputs(text, stdout);
		putchar('\n');
		return;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ||
		!size.ws_col)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	lines = g_strsplit(text, "\n", -1);
	fputs(HOME, stdout);
	for (guint i = 0; i < size.ws_row && lines[i]; i++) {
		/* Before the text: behind a full line it would be erased. */
		fputs(CLEAR_LINE, stdout);
		put_cut(lines[i], size.ws_col);
		/* The last line of the terminal has no line below it. */
		if (i + 1 < size.ws_row)
			putchar('\n');
	}
	fputs(CLEAR_BELOW, stdout);
}

gboolean screen_wait(gint64 ms)
{
	struct pollfd keys = {
		.fd = screen.keys ? STDIN_FILENO : -1, .events = POLLIN};
	char key;

	if (asked_to_end)
		return FALSE;
	if (poll(&keys, 1, (int)MIN(ms, G_MAXINT)) <= 0)
		return !asked_to_end;
	if (read(STDIN_FILENO, &key, 1) != 1)
		return FALSE;
	return key != 'q' && key != CONTROL_C && key != CONTROL_D;
}
