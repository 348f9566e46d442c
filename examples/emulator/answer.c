#include "answer.h"

#include <string.h>

void answer_init(Answer *answer)
{
	*answer = (Answer){
		.status = 200,
		.body = g_string_new(NULL),
		.headers = g_ptr_array_new_with_free_func(g_free),
		.cut = -1,
		.big = -1,
	};
}

void answer_clear(Answer *answer)
{
	g_string_free(answer->body, TRUE);
	g_ptr_array_unref(answer->headers);
}

void answer_reset(Answer *answer)
{
	answer->status = 200;
	g_string_truncate(answer->body, 0);
	g_ptr_array_set_size(answer->headers, 0);
}

void answer_header(Answer *answer, const char *name, const char *value)
{
	g_ptr_array_add(
		answer->headers, g_strdup_printf("%s: %s", name, value));
}

gboolean answer_has(const Answer *answer, const char *name)
{
	gsize len = strlen(name);

	for (guint i = 0; i < answer->headers->len; i++) {
		const char *header = answer->headers->pdata[i];

		if (!g_ascii_strncasecmp(header, name, len) &&
			header[len] == ':')
			return TRUE;
	}
	return FALSE;
}

void answer_take(Answer *answer, guint status, char *text)
{
	answer->status = status;
	g_string_assign(answer->body, text);
	g_free(text);
}
