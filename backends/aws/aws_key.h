#pragma once

#include <glib.h>

/*
 * The account of an access key, twelve digits, which its id bears (AKIA..., ASIA...):
 * new string.  NULL: it is none of these, or is so old (AKIAI..., AKIAJ...) that it
 * bears none.
 */
char *aws_key_account(const char *id);
