#pragma once

#include "backends/auth/tools.h"

/*
 * Key files of the vendors' tools, read as these tools read them.  All of them
 * are written in Python and use its module configparser, so that this is a
 * reader of configparser's language, and what a vendor adds to it is a flag:
 *
 *   [section]        up to the last "]" of the line; taken as it is
 *   key = value      or "key: value"; a key's case does not count
 *     more           a deeper indent goes on with the value, after a newline
 *   # remark         also with ";"; only on a line of its own
 *   [DEFAULT]        holds values for all sections
 *
 * Nothing is unquoted, and nothing behind a value is a remark.  As there, these
 * make the whole file invalid: a section or a key that is there twice, a line
 * that is none of the above, text above the first section (a byte order mark
 * too), bytes that are not UTF-8.
 */
typedef struct Ini Ini;

typedef enum {
	/* "%(key)s" stands for another value, and "%%" for "%". */
	INI_INTERPOLATE = 1 << 0,
	/* One bad "%" makes the whole file invalid, not only its section. */
	INI_WHOLE = 1 << 1,
	/* A value ends at its first "#". */
	INI_CUT_REMARKS = 1 << 2,
	/* A value that begins on the next line is "sub = value" lines. */
	INI_NESTED = 1 << 3,
} IniFlags;

/* What the vendors' tools use. */
#define INI_ALIBABA (INI_INTERPOLATE | INI_WHOLE | INI_CUT_REMARKS)
#define INI_AWS INI_NESTED
#define INI_GOOGLE (INI_INTERPOLATE | INI_WHOLE)
#define INI_HUAWEI INI_INTERPOLATE

/* A copy, which is wiped when it is freed.  Errors: AUTH, naming the line. */
Ini *ini_parse(const char *text, IniFlags flags,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Errors: AUTH, naming the path. */
Ini *ini_read(const char *path, IniFlags flags,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ini_free(Ini *ini); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ini, ini_free)

/* The names in the order of the file, without DEFAULT; borrowed from ini. */
guint ini_count(const Ini *ini);
const char *ini_name(const Ini *ini, guint index);

gboolean ini_has(const Ini *ini, const char *section);
/* Whether the file has no such section, or is not there; FALSE where it cannot be
 * read. */
gboolean ini_lacks(const char *path, IniFlags flags, const char *section);
/* Whether there is such a section, and its values can be told (INI_INTERPOLATE).
 * Errors: AUTH. */
gboolean ini_check(const Ini *ini, const char *section,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A value of a section or else of DEFAULT; "" when it is there and empty; NULL
 * when it is not there, the section cannot be told, or it is nested.  Borrowed
 * from ini. */
const char *ini_get(const Ini *ini, const char *section, const char *key);
/* The value of "sub" below "key" (INI_NESTED). */
const char *ini_get_nested(
	const Ini *ini, const char *section, const char *key, const char *sub);

/* The keys of a section, those of DEFAULT included, sorted; free with
 * g_ptr_array_unref; they are borrowed from ini. */
GPtrArray *ini_keys(const Ini *ini, const char *section);
/* The same of a nested key. */
GPtrArray *ini_keys_nested(
	const Ini *ini, const char *section, const char *key);
