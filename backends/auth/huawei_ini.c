/*
 * The SDKs' own file, ~/.huaweicloud/credentials:
 *
 *   [basic]
 *   ak = ...
 *   sk = ...
 *   security_token = ...     temporary keys
 *   idp_id = ...             or these two: OIDC
 *   id_token_file = ...
 *   project_id = ...
 *   iam_endpoint = ...
 */
#include <string.h>

#include "auth/huawei_auth.h"

#define SECTION "basic"
#define NAME_MAX_SHOWN 64

char *huawei_credentials_path(void)
{
	const char *path = auth_env("HUAWEICLOUD_SDK_CREDENTIALS_FILE");

	return path ? g_strdup(path)
		    : auth_home_path(".huaweicloud/credentials");
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A piece of a text. */
typedef struct {
	const char *start;
	gsize len;
} Piece;

static Piece piece_strip(Piece piece)
{
	while (piece.len > 0 && is_blank(piece.start[0])) {
		piece.start++;
		piece.len--;
	}
	while (piece.len > 0 && is_blank(piece.start[piece.len - 1]))
		piece.len--;
	return piece;
}

static gboolean piece_equal(Piece piece, const char *text)
{
	return piece.len == strlen(text) &&
	       memcmp(piece.start, text, piece.len) == 0;
}

/* The line at *at, which moves behind it; FALSE at the end. */
static gboolean line_next(const char **at, Piece *ret)
{
	if (!**at)
		return FALSE;
	gsize len = strcspn(*at, "\n");
	*ret = piece_strip((Piece){*at, len});
	*at += len + ((*at)[len] == '\n');
	return TRUE;
}

/* Without quotes around it, or a remark behind it. */
static Piece piece_value(Piece piece)
{
	for (gsize i = 1; i < piece.len; i++)
		if (is_blank(piece.start[i - 1]) &&
			strchr("#;", piece.start[i]))
			piece.len = i;
	piece = piece_strip(piece);
	if (piece.len >= 2 && strchr("\"'`", piece.start[0]) &&
		piece.start[piece.len - 1] == piece.start[0])
		return (Piece){piece.start + 1, piece.len - 2};
	return piece;
}

/* The value of a key in a section, the last one's; NULL when there is none or
 * it is empty.  New string. */
static char *find(const char *file, const char *section, const char *key)
{
	g_autofree char *heading = g_strconcat("[", section, "]", NULL);
	Piece line, found = {NULL, 0};
	gboolean inside = FALSE;

	for (const char *at = file; line_next(&at, &line);) {
		const char *sign =
			line.len > 0 ? memchr(line.start, '=', line.len) : NULL;

		if (line.len > 0 && line.start[0] == '[')
			inside = piece_equal(line, heading);
		if (!inside || !sign)
			continue;
		gsize before = sign - line.start;
		if (piece_equal(piece_strip((Piece){line.start, before}), key))
			found = piece_value(
				(Piece){sign + 1, line.len - before - 1});
	}
	return found.len > 0 ? g_strndup(found.start, found.len) : NULL;
}

static const char *section_of(const char *profile)
{
	return profile ? profile : SECTION;
}

char *huawei_credentials_value(const char *section, const char *key)
{
	g_autofree char *path = huawei_credentials_path();
	gsize len = 0;
	char *file = auth_read_file(path, &len, NULL);
	char *value = file ? find(file, section_of(section), key) : NULL;

	if (file)
		auth_wipe_text(file, len);
	return value;
}

/* What of a section credentials are made of. */
typedef struct {
	char *ak, *sk, *token, *idp_id, *id_token_file;
} Section;

static Section section_read(const char *file, const char *name)
{
	return (Section){
		.ak = find(file, name, "ak"),
		.sk = find(file, name, "sk"),
		.token = find(file, name, "security_token"),
		.idp_id = find(file, name, "idp_id"),
		.id_token_file = find(file, name, "id_token_file"),
	};
}

static void section_clear(Section *section)
{
	g_free(section->ak);
	secret_free_text(section->sk);
	secret_free_text(section->token);
	g_free(section->idp_id);
	g_free(section->id_token_file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Section, section_clear)

static gboolean section_is_pair(const Section *section)
{
	return section->ak && section->sk;
}

static gboolean section_is_oidc(const Section *section)
{
	return section->idp_id && section->id_token_file;
}

static Section file_section(const Chain *chain, GError **error)
{
	g_autofree char *path = huawei_credentials_path();
	gsize len = 0;
	char *file = auth_read_file(path, &len, error);
	Section section = {NULL};

	if (!file)
		return section;
	section = section_read(file, section_of(chain->profile));
	auth_wipe_text(file, len);
	if (!section_is_pair(&section) && !section_is_oidc(&section))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s: there is no ak and sk, nor idp_id and "
			"id_token_file, in [%.*s]",
			path, NAME_MAX_SHOWN, section_of(chain->profile));
	return section;
}

gboolean huawei_credentials_there(const Chain *chain)
{
	g_auto(Section) section = file_section(chain, NULL);

	return section_is_pair(&section) || section_is_oidc(&section);
}

Credentials *huawei_credentials_file(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_auto(Section) section = file_section(chain, error);
	g_autofree char *path = huawei_credentials_path();
	g_autofree char *origin = g_strdup_printf("section %.*s of %s",
		NAME_MAX_SHOWN, section_of(chain->profile), path);

	if (section_is_oidc(&section))
		return huawei_oidc(chain, section.idp_id, section.id_token_file,
			origin, deadline_us, error);
	if (section_is_pair(&section))
		return credentials_new(section.ak,
			secret_take(g_steal_pointer(&section.sk)),
			secret_take(g_steal_pointer(&section.token)), 0,
			origin);
	return NULL;
}
