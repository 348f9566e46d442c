#include "warnings.h"

#include <glib.h>

#include "backends/base/mutex.h"

static Mutex lock = MUTEX_INIT;
static GPtrArray *kept; /* NULL: not keeping */
static gboolean installed;

static const char *message_of(const GLogField *fields, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (g_str_equal(fields[i].key, "MESSAGE"))
			return fields[i].value;
	return "";
}

static GLogWriterOutput write_log(
	GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	gboolean keep;

	mutex_lock(&lock);
	keep = kept != NULL && (level & G_LOG_LEVEL_WARNING) != 0;
	if (keep)
		g_ptr_array_add(kept, g_strdup(message_of(fields, n)));
	mutex_unlock(&lock);
	if (keep)
		return G_LOG_WRITER_HANDLED;
	return g_log_writer_default(level, fields, n, data);
}

void warnings_keep(void)
{
	if (!installed)
		g_log_set_writer_func(write_log, NULL, NULL);
	installed = TRUE;
	mutex_lock(&lock);
	g_assert_null(kept);
	kept = g_ptr_array_new_with_free_func(g_free);
	mutex_unlock(&lock);
}

void warnings_drop(void)
{
	mutex_lock(&lock);
	g_clear_pointer(&kept, g_ptr_array_unref);
	mutex_unlock(&lock);
}

void warnings_expect_one(const char *pattern)
{
	g_autoptr(GPtrArray) had = NULL;

	mutex_lock(&lock);
	had = kept;
	kept = NULL;
	mutex_unlock(&lock);
	g_assert_cmpuint(had->len, ==, 1);
	if (!g_pattern_match_simple(pattern, g_ptr_array_index(had, 0)))
		g_error("\"%s\" is not like \"%s\"",
			(char *)g_ptr_array_index(had, 0), pattern);
}
