#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/*
 * Rules for specs that a table cannot say and that the services of AWS share:
 * patterns of role ARNs, tokens and tags.  A typo then costs no call.  Pure;
 * errors: INVALID, naming the member.
 */

/* The member, where it is given, is the ARN of a role. */
gboolean aws_spec_role(const Json *spec, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The member, where it is given, is made of letters, digits and `others`. */
gboolean aws_spec_made_of(const Json *spec, const char *name,
	const char *others, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A tag may be set by people; key may be NULL. */
gboolean aws_spec_tag(const char *key, const char *value,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a tag is one that only AWS itself sets. */
gboolean aws_tag_is_own(const char *key);
