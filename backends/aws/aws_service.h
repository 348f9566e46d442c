#pragma once

#include "backends/provider/api_backend.h"

/*
 * What the services of AWS have in common: where they answer, how calls are
 * signed (SigV4), how refusals are read, and the words of a session's life.
 * A provider is an Aws whose AwsService says what is its own.
 */
typedef struct {
	const char *name;   /* first label of its host, and in signatures */
	const char *env;    /* AWS_ENDPOINT_URL_<env> */
	const char *target; /* JSON 1.1: X-Amz-Target is this, ".", the action;
	                       NULL: REST-JSON */
} AwsService;

typedef struct {
	ApiBackend base;
	const AwsService *service;
} Aws;

extern const BackendKey aws_keys[];     /* region, profile, ... */
extern const BackendState aws_states[]; /* of a session */
extern const BackendVerb aws_verbs[];   /* terminate */

/* The slot of BackendClass; service lives as long as the program. */
Backend *aws_open(const AwsService *service, GHashTable *keys,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
