#pragma once

#include "backends/base/secret.h"

/*
 * Reading one value out of XML from a hostile source: the answers of AWS's token
 * service.  Elements, attributes, remarks, the five named entities and
 * character references are known; a document type, CDATA, more than 16 levels
 * or anything that is not well-formed makes the whole text worthless.
 */

/*
 * The text of the first element at the path, whose parts are separated by "/"
 * and may be "?" (any); a name's prefix does not count.  NULL when there is
 * none, when it holds other elements or more than max bytes, or when the text
 * is worthless.  Pure.
 */
SecretText *aws_xml_text(
	const char *xml, gsize len, const char *path, gsize max);
