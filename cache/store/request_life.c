#include "cache/store/request_life.h"

/* A set of states. */
#define IN(state) (1u << REQUEST_##state)

/* Its session is on the medium, and is looked at again after a restart. */
#define WITH_SESSION (IN(CREATED) | IN(STARTING))
/* It may have been carried out, or not. */
#define OPEN (IN(SENT) | IN(UNKNOWN) | IN(ABSENT))

typedef struct {
	RequestEvent event;
	guint from;
	RequestStep step;
} Life;

/* clang-format off */
static const Life life[] = {
	/* event                  from                          to        lazy */
	/* The operation.  Only SEND leads to bytes that go out, and only from there
	 * is anything made.  What has a session is never sent again. */
	{REQUEST_EVENT_SEND,      IN(WAITING) | IN(FAILED) | OPEN,
	                                         {REQUEST_SENT,      FALSE}},
	{REQUEST_EVENT_REFUSE,    IN(WAITING) | IN(SENT),
	                                         {REQUEST_FAILED,    FALSE}},
	{REQUEST_EVENT_MADE,      IN(SENT) | IN(CREATED),
	                                         {REQUEST_CREATED,   FALSE}},
	{REQUEST_EVENT_START,     IN(CREATED),   {REQUEST_STARTING,  FALSE}},
	{REQUEST_EVENT_FINISH,    WITH_SESSION,  {REQUEST_DONE,      TRUE}},
	{REQUEST_EVENT_FINISH,    IN(WAITING) | IN(SENT),
	                                         {REQUEST_DONE,      FALSE}},
	{REQUEST_EVENT_TWIN,      IN(SENT),      {REQUEST_FAILED,    FALSE}},
	{REQUEST_EVENT_TAKEN,     IN(SENT) | IN(CREATED),
	                                         {REQUEST_UNKNOWN,   FALSE}},
	/* A listing.  `failed` is taken back only where it was said for want of a
	 * session. */
	{REQUEST_EVENT_FOUND,     WITH_SESSION,  {REQUEST_DONE,      TRUE}},
	{REQUEST_EVENT_FOUND,     OPEN,          {REQUEST_DONE,      FALSE}},
	{REQUEST_EVENT_SEEN,      OPEN,          {REQUEST_CREATED,   FALSE}},
	{REQUEST_EVENT_ABSENT,    IN(SENT),      {REQUEST_ABSENT,    FALSE}},
	{REQUEST_EVENT_IGNORED,   IN(SENT),      {REQUEST_FAILED,    FALSE}},
	{REQUEST_EVENT_UNCLEAR,   IN(SENT) | IN(ABSENT) | WITH_SESSION,
	                                         {REQUEST_UNKNOWN,   FALSE}},
	/* The user. */
	{REQUEST_EVENT_ADOPT,     WITH_SESSION,  {REQUEST_DONE,      TRUE}},
	{REQUEST_EVENT_ADOPT,     OPEN | IN(FAILED) | IN(ABANDONED),
	                                         {REQUEST_DONE,      FALSE}},
	{REQUEST_EVENT_ABANDON,   OPEN | WITH_SESSION,
	                                         {REQUEST_ABANDONED, FALSE}},
};
/* clang-format on */

static const char *const names[N_REQUEST_EVENTS] = {
	[REQUEST_EVENT_SEND] = "send",
	[REQUEST_EVENT_REFUSE] = "refuse",
	[REQUEST_EVENT_MADE] = "made",
	[REQUEST_EVENT_START] = "start",
	[REQUEST_EVENT_FINISH] = "finish",
	[REQUEST_EVENT_TWIN] = "twin",
	[REQUEST_EVENT_TAKEN] = "taken",
	[REQUEST_EVENT_FOUND] = "found",
	[REQUEST_EVENT_SEEN] = "seen",
	[REQUEST_EVENT_ABSENT] = "absent",
	[REQUEST_EVENT_IGNORED] = "ignored",
	[REQUEST_EVENT_UNCLEAR] = "unclear",
	[REQUEST_EVENT_ADOPT] = "adopt",
	[REQUEST_EVENT_ABANDON] = "abandon",
};

gboolean request_step(RequestEvent event, RequestState from, RequestStep *ret)
{
	for (gsize i = 0; i < G_N_ELEMENTS(life); i++) {
		if (life[i].event == event && (life[i].from >> from) & 1) {
			*ret = life[i].step;
			return TRUE;
		}
	}
	return FALSE;
}

const char *request_event_name(RequestEvent event)
{
	return names[event];
}
