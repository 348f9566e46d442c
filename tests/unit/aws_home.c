#include "aws_home.h"

void aws_home_config(ChainFixture *f, const char *text)
{
	g_free(chain_fixture_put(f, ".aws/config", text));
}

void aws_home_credentials(ChainFixture *f, const char *text)
{
	g_free(chain_fixture_put(f, ".aws/credentials", text));
}
