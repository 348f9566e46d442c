#pragma once

#include <glib.h>

/*
 * Where a region's services are.  The vendor's own places say so first: the
 * environment (HUAWEICLOUD_SDK_REGION_DLI_CN_NORTH_4=https://...), then
 * ~/.huaweicloud/regions.yaml (or HUAWEICLOUD_SDK_REGIONS_FILE), of which no
 * more of YAML is read than the documented form:
 *
 *   DLI:
 *     - id: cn-north-4
 *       endpoint: https://...
 *
 * No network.  Any thread.
 */

/* The one region for which those places name an endpoint of the service; NULL
 * when they name none or several.  New string. */
char *huawei_region_only(const char *service);

/* Base URL of a service ("dli", "iam") in a region.  New string. */
char *huawei_endpoint(const char *service, const char *region);

/* Base URL of IAM: HUAWEICLOUD_SDK_IAM_ENDPOINT, the credentials file's
 * iam_endpoint (profile may be NULL), or the region's.  New string. */
char *huawei_iam_endpoint(
	const char *file, const char *profile, const char *region);
