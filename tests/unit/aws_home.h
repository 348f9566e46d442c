#pragma once

#include <glib.h>

/* A home directory of its own, and an environment that says nothing of AWS but
 * that this machine is no instance: no test may leave it. */
typedef struct {
	char *path;
} AwsHome;

void aws_home_set_up(AwsHome *home, const void *unused);
void aws_home_tear_down(AwsHome *home, const void *unused);

/* Writes a file below it.  New string: its path. */
char *aws_home_put(AwsHome *home, const char *rest, const char *text);
void aws_home_config(AwsHome *home, const char *text);
void aws_home_credentials(AwsHome *home, const char *text);

/* A test with such a home. */
#define aws_home_add(name, function)                                           \
	g_test_add(name, AwsHome, NULL, aws_home_set_up, function,             \
		aws_home_tear_down)
