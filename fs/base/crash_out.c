#include "fs/base/crash_out.h"

#include <errno.h>
#include <unistd.h>

#define DIGITS 24

void crash_out_flush(CrashOut *out)
{
	gsize sent = 0;

	while (sent < out->len) {
		ssize_t got = write(out->fd, out->text + sent, out->len - sent);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		sent += (gsize)got;
	}
	out->len = 0;
}

static void put(CrashOut *out, char byte)
{
	if (out->len == sizeof(out->text))
		crash_out_flush(out);
	out->text[out->len++] = byte;
}

void crash_out_text(CrashOut *out, const char *text)
{
	while (*text)
		put(out, *text++);
}

static void put_digits(CrashOut *out, guint64 number, guint base)
{
	char digits[DIGITS];
	gsize n = 0;

	do {
		digits[n++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	while (n)
		put(out, digits[--n]);
}

void crash_out_number(CrashOut *out, gint64 number)
{
	if (number < 0)
		put(out, '-');
	put_digits(out, number < 0 ? -(guint64)number : (guint64)number, 10);
}

void crash_out_hex(CrashOut *out, guint64 number)
{
	crash_out_text(out, "0x");
	put_digits(out, number, 16);
}

void crash_out_bytes(CrashOut *out, const guint8 *bytes, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		put(out, "0123456789abcdef"[bytes[i] >> 4]);
		put(out, "0123456789abcdef"[bytes[i] & 15]);
	}
}
