#include "cache/merge/call.h"

#include "backends/base/clock.h"
#include "cache/merge/account_switch.h"

Call call_until(const Dir *dir, gint64 deadline_us, gboolean interactive)
{
	return (Call){.deadline_us = deadline_us,
		.interactive = interactive,
		.owned = account_owned,
		.accepted = account_accepted,
		.owner = (void *)dir};
}

Call call_for(const Dir *dir, gboolean interactive)
{
	return call_until(dir,
		clock_now_us(dir->cache->clock) +
			dir->cache->deadline_ms * 1000,
		interactive);
}
