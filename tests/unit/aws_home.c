#include "aws_home.h"

#include <glib/gstdio.h>

void aws_home_set_up(AwsHome *home, const void *unused)
{
	g_auto(GStrv) names = g_listenv();

	home->path = g_dir_make_tmp("aws-XXXXXX", NULL);
	for (char **name = names; *name; name++)
		if (g_str_has_prefix(*name, "AWS_"))
			g_unsetenv(*name);
	g_setenv("HOME", home->path, TRUE);
	g_setenv("AWS_EC2_METADATA_DISABLED", "true", TRUE);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		remove_tree(child);
	}
	g_remove(path);
}

void aws_home_tear_down(AwsHome *home, const void *unused)
{
	remove_tree(home->path);
	g_free(home->path);
}

char *aws_home_put(AwsHome *home, const char *rest, const char *text)
{
	char *path = g_build_filename(home->path, rest, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

void aws_home_config(AwsHome *home, const char *text)
{
	g_free(aws_home_put(home, ".aws/config", text));
}

void aws_home_credentials(AwsHome *home, const char *text)
{
	g_free(aws_home_put(home, ".aws/credentials", text));
}
