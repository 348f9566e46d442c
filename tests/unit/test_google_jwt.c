#include "backends/dataproc/google_jwt.h"

#include <string.h>

#include "backends/base/secret.h"
#include "backends/error.h"
#include "google_key.h"

#define HEADER "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"iss\":\"a@b.example\",\"iat\":1700000000}"

/* What `openssl dgst -sha256 -sign` makes of the first two parts. */
#define WANTED                                                                 \
	"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."                                \
	"eyJpc3MiOiJhQGIuZXhhbXBsZSIsImlhdCI6MTcwMDAwMDAwMH0."                 \
	"QzJo5fv2hXUAA5UiRuVYWqMDAxUjXHCckfOvSMIQTVL8Z8IBYrpk6I_kEh-"          \
	"y5yOQP1b409gZ6hkTiU79WUmPsBooZff2YlN8awsR1-nSfenk-3W5KoqwBjMH"        \
	"YWerIwaXRD6h7apMbWjPsAILayva27nUaqtJW0KC8QZxaF0jI5hs7W6LW_NHg"        \
	"XTLMowVvMGg7nuLl_70438svjpIv48meQdEnbVr7NSX4vTzzvFRggFsTyiAGc"        \
	"eILvBxf4vPLsBqvV5JvKcr8Leq9IBS2PBfFME_p4VSThJRg3LhkONKJjvEJVN"        \
	"k1f_cA5Br6mQjEEFc6yp-H1rguFNdnPrAN_C2fA"

static void a_known_key_gives_the_known_signature(void)
{
	g_autoptr(GError) error = NULL;
	char *token = google_jwt_sign(HEADER, CLAIMS, GOOGLE_TEST_KEY, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(token, ==, WANTED);
	secret_free_text(token);
}

static void no_padding_is_left_whatever_the_length(void)
{
	static const char *const claims[] = {"{}", "{ }", "{  }", "{   }"};

	for (gsize i = 0; i < G_N_ELEMENTS(claims); i++) {
		char *token = google_jwt_sign(
			HEADER, claims[i], GOOGLE_TEST_KEY, NULL);
		g_auto(GStrv) parts = g_strsplit(token, ".", -1);

		g_assert_cmpuint(g_strv_length(parts), ==, 3);
		g_assert_cmpuint(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					       "abcdefghijklmnopqrstuvwxyz"
					       "0123456789-_."),
			==, strlen(token));
		secret_free_text(token);
	}
}

/* A key on a curve, one with a passphrase, and one of 512 bits. */
static const char curve_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPS1msF5SLE11+9/o\n"
	"7SdGCaUH3X0d4jVw1KjKie/FN6ihRANCAAQR0/Y5earFXcgULF0Cu4C6c9M8l07n\n"
	"jdQH4rZDG1a2fP7OCLwRZCdiR8IPVrxCmpqlgMEAE4KT8TkONtm6j4I1\n"
	"-----END PRIVATE KEY-----\n";
static const char locked_key[] =
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	"MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiF0JJa5b759AICCAAw\n"
	"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBLnTTTNEz8RzROFJatxXC4EgZCl\n"
	"mLdM4O3isqP6Tzzo3RdZRr2iWZpFCvu2TZZKy0/DTL32/daXbOLiSISg/VwGiGw7\n"
	"EtG3Xl3jCSXTJlXR0r+Nu3XfDbhQ2yxcvr8XAqTUIF4r/Pzo4M3AZFOX/02rFGur\n"
	"nIq9z4CuEpwKr8Lp1XU+XQb9+rkgh5Uj7FUFVsXL2uHXJ9aVk/V28iMh+Q2fSDA=\n"
	"-----END ENCRYPTED PRIVATE KEY-----\n";
static const char small_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIBUwIBADANBgkqhkiG9w0BAQEFAASCAT0wggE5AgEAAkEAvGdU0mjUNlUGJyvS\n"
	"ThWCvT8GYSuaYtKTkt8LxZaL4QcwRC7+J59HwFks/kvwX+8JyDn3J8Xe02A31hIk\n"
	"gpX4swIDAQABAkBYG9b+Q8oi0qZ7ATJsFAE9cdEQ9mxQFPyw7iC6OgqWpI/D+U7I\n"
	"ml4bGWv0HU+pjdj/mnMHG6DbQUDs2KvQbgVhAiEA+sE/4rGIWEFbiebBiw9O63CZ\n"
	"Pb7FHOa77FbUoNapdTECIQDAWDOIuzKzvui64DPBdl3k6gVRctY+Ld/9XZlnkGlj\n"
	"IwIgFkSrI7qYXR4QvwJbFbpaS9ZIBY+3eYWUErzzTQVDL0ECIAxxqGPgOJeIcmYk\n"
	"uzR5A/obadyrIVFEholN1O7uWOMhAiBvClry13asa7BM2LCax7Gk/FBvocRXfZyw\n"
	"54gEJGEWwA==\n"
	"-----END PRIVATE KEY-----\n";

static void refused(const char *pem)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(google_jwt_sign(HEADER, CLAIMS, pem, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_AUTH);
	g_assert_nonnull(strstr(error->message, "private key"));
}

/* Not least: nobody is asked for the passphrase. */
static void other_keys_are_refused(void)
{
	g_autofree char *vast = g_strnfill(64 * 1024, 'x');
	g_autofree char *cut = g_strndup(GOOGLE_TEST_KEY, 900);

	refused("");
	refused("-----BEGIN PRIVATE KEY-----\n");
	refused("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
	refused(curve_key);
	refused(locked_key);
	refused(small_key);
	refused(vast);
	refused(cut);
}

/* Each byte of the key wrong in turn: nothing but a refusal or a signature may
 * come of it. */
static void a_damaged_key_does_no_harm(void)
{
	for (gsize i = 30; i < strlen(GOOGLE_TEST_KEY); i += 7) {
		g_autofree char *pem = g_strdup(GOOGLE_TEST_KEY);
		g_autoptr(GError) error = NULL;

		pem[i] = pem[i] == 'Q' ? 'R' : 'Q';
		char *token = google_jwt_sign(HEADER, CLAIMS, pem, &error);
		g_assert_true(!token == !!error);
		secret_free_text(token);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/google-jwt/known", a_known_key_gives_the_known_signature);
	g_test_add_func(
		"/google-jwt/padding", no_padding_is_left_whatever_the_length);
	g_test_add_func("/google-jwt/others", other_keys_are_refused);
	g_test_add_func("/google-jwt/damaged", a_damaged_key_does_no_harm);
	return g_test_run();
}
