#pragma once

#include "chain_fixture.h"

/* Write the two files that AWS's tools share. */
void aws_home_config(ChainFixture *f, const char *text);
void aws_home_credentials(ChainFixture *f, const char *text);
