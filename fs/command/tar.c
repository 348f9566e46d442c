#include "fs/command/tar.h"

#include <string.h>

#define BLOCK 512
#define COMPONENT_MAX                                                          \
	48 /* so that a name can be parted anywhere near its end */
#define PATH_MAX_BYTES 200

typedef struct {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], time[12];
	char sum[8];
	char type;
	char link[100];
	char magic[6], version[2];
	char user[32], group[32];
	char major[8], minor[8];
	char prefix[155];
	char rest[12];
} Header;

G_STATIC_ASSERT(sizeof(Header) == BLOCK);

/* ---- names ---- */

/* Cut at a character's beginning. */
static char *shortened(const char *text, gsize max)
{
	g_autofree char *sum =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	gsize keep = max - 9;

	while (keep > 0 && ((guchar)text[keep] & 0xc0) == 0x80)
		keep--;
	return g_strdup_printf("%.*s~%.8s", (int)keep, text, sum);
}

static void append_component(GString *out, const char *part)
{
	g_autofree char *safe = strlen(part) > COMPONENT_MAX
					? shortened(part, COMPONENT_MAX)
					: g_strdup(part);

	if (!strcmp(safe, "..") || !strcmp(safe, "."))
		memset(safe, '_', strlen(safe));
	for (char *at = safe; *at; at++)
		if (g_ascii_iscntrl(*at) || *at == '\\')
			*at = '_';
	if (out->len)
		g_string_append_c(out, '/');
	g_string_append(out, safe);
}

char *tar_name(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	GString *out = g_string_new(NULL);

	for (char **part = parts; *part; part++)
		if (**part)
			append_component(out, *part);
	/* Of more directories than we ever make: it lies in none then. */
	if (out->len > PATH_MAX_BYTES || !out->len) {
		g_string_truncate(out, 0);
		append_component(out, path);
		for (char *at = out->str; *at; at++)
			if (*at == '/')
				*at = '_';
	}
	return g_string_free(out, FALSE);
}

/* What is too long for `name` begins in `prefix`. */
static void set_name(Header *header, const char *name)
{
	const char *rest = name;
	gsize len = strlen(name);

	if (len > sizeof(header->name)) {
		/* A slash at the end is no place to part a name. */
		rest = strchr(name + len - sizeof(header->name) - 1, '/') + 1;
		memcpy(header->prefix, name, (gsize)(rest - name) - 1);
	}
	memcpy(header->name, rest, strlen(rest));
}

/* ---- entries ---- */

/* Octal, and a NUL. */
static void set_number(char *field, gsize size, guint64 value)
{
	g_snprintf(field, (gulong)size, "%0*" G_GINT64_MODIFIER "o",
		(int)size - 1, value);
}

/* The sum is taken with blanks in its own place. */
static void set_sum(Header *header)
{
	const guchar *bytes = (const guchar *)header;
	guint sum = 0;

	memset(header->sum, ' ', sizeof(header->sum));
	for (gsize i = 0; i < BLOCK; i++)
		sum += bytes[i];
	set_number(header->sum, sizeof(header->sum) - 1, sum);
}

static void append_header(GString *tar, const char *name, char type, guint mode,
	gsize size, gint64 time_s)
{
	Header header = {.type = type, .magic = "ustar", .version = {'0', '0'}};

	set_name(&header, name);
	set_number(header.mode, sizeof(header.mode), mode);
	set_number(header.uid, sizeof(header.uid), 0);
	set_number(header.gid, sizeof(header.gid), 0);
	set_number(header.size, sizeof(header.size), size);
	set_number(header.time, sizeof(header.time), (guint64)MAX(time_s, 0));
	set_number(header.major, sizeof(header.major), 0);
	set_number(header.minor, sizeof(header.minor), 0);
	set_sum(&header);
	g_string_append_len(tar, (const char *)&header, BLOCK);
}

static void append_zeros(GString *tar, gsize count)
{
	static const char zeros[2 * BLOCK];

	g_string_append_len(tar, zeros, (gssize)count);
}

void tar_file(GString *tar, const char *path, const char *bytes, gsize size,
	gint64 time_s)
{
	g_autofree char *name = tar_name(path);

	append_header(tar, name, '0', 0600, size, time_s);
	g_string_append_len(tar, bytes, (gssize)size);
	append_zeros(tar, (BLOCK - size % BLOCK) % BLOCK);
}

void tar_folder(GString *tar, const char *path, gint64 time_s)
{
	g_autofree char *plain = tar_name(path);
	g_autofree char *name = g_strconcat(plain, "/", NULL);

	append_header(tar, name, '5', 0700, 0, time_s);
}

void tar_end(GString *tar)
{
	append_zeros(tar, 2 * BLOCK);
}
