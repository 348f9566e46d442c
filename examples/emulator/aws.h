#pragma once

#include "claim.h"
#include "exchange.h"

/* What both AWS services have in common: SigV4, refusals, times. */

#define AWS_ACCOUNT "123456789012"
#define AWS_REGION "us-east-1" /* of what is made without a request */

/* aws_gate.c: judges a SigV4 signature for that signing name. */
gboolean aws_admit(Exchange *x, const char *service);
/* Whether a signature is scoped to the service, be it good or not. */
gboolean aws_scoped(const Request *request, const char *service);
/* The region that a request is signed for, new string. */
char *aws_region(const Request *request);
/* --aws-region: the only one; NULL: any. */
extern char *aws_region_only;

/* aws.c.  The request id and the content type, which every answer has. */
void aws_put_headers(Exchange *x);

/* A refusal as REST-JSON has it (the code is a header), or JSON 1.1 (it is
 * __type).  space goes around the code as the services do, "": nothing. */
void aws_refuse_rest(Exchange *x, guint status, const char *code,
	const char *space, const char *message);
void aws_refuse_json(Exchange *x, guint status, const char *code,
	const char *space, const char *message);

/* Seconds with a fraction, new string: 1773500966.123, or as the older service
 * spells it, 1.773500966123E9. */
char *aws_time(gint64 ms, gboolean exponent);
/* The same, appended. */
void aws_append_time(GString *out, gint64 ms, gboolean exponent);
/* The same, set as a member of the object *text. */
void aws_put_time(char **text, const char *name, gint64 ms, gboolean exponent);

/* Names of a record's members about its life. */
typedef struct {
	const char *reason, *updated, *started, *ended, *idle;
	gboolean exponent;
} AwsNames;

/* StoreClass.moved: state, why, and times; what a list does not tell is in
 * *late, which is the entry's record or extra. */
void aws_moved(Entry *entry, const StoreClass *class, const AwsNames *names,
	char **late);
/* Sessions made in numbers were started that long after they were created. */
#define AWS_START_MS 41000
/* When such a session stood last as it does. */
gint64 aws_updated_ms(const Entry *entry);
/* The letters of seed_write that both services' records have: s the state, d why,
 * c when it was created, u updated, t started. */
void aws_put_field(
	GString *out, char field, const Entry *entry, gboolean exponent);
/* What a life is explained with, in general. */
const char *aws_reason(Life life);

/* A session of a demonstration.  Times are minutes ago. */
typedef struct {
	const char *workspace, *id, *name, *user;
	Life life;
	gint64 made, since;      /* since when it stands as it does */
	gint64 idle;             /* minutes until it is ended */
	const char *key, *value; /* a property of Spark */
	const char *reason;      /* NULL: the general one */
} AwsDemo;

/* Brings the entry that a start has just made to where the row says. */
void aws_demo_play(Entry *entry, const StoreClass *class, const AwsDemo *row,
	gint64 now_ms);
/* When the state of a row ends, 0: it lasts. */
gint64 aws_demo_due(const AwsDemo *row, gint64 now_ms);

/* A URL as one that was signed in advance, for an hour, new string. */
char *aws_presigned(const Exchange *x, const char *host, const char *path);

/* Something like a bearer token, new string. */
char *aws_token(void);

/* The words of the states, in the order of the model. */
extern const EntryState aws_states[LIFE_OTHER];

/* Whether each is a word of a state that the class has, or one of `more` (may
 * be NULL). */
gboolean aws_states_known(const StoreClass *class, const char *const *words,
	const char *const *more);
