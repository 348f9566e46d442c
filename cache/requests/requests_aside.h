#pragma once

#include "cache/requests/requests_item.h"

/*
 * A workspace of that id of another account of the section (see account.h) may have
 * requests that are open or unknown.  They stand in this one's directory too, as
 * unknown, since nobody can tell here: they are looked for when their account comes
 * back, and cannot be resolved before.
 */
gboolean requests_is_guest(const Dir *dir, const Request *request);
/* Whether a guest is looked for all the same, where it was sent: another
 * configuration than that of the start has taken its section elsewhere. */
gboolean requests_is_left_behind(
	Requests *self, const Dir *dir, const Request *request);
/* The guests of a workspace; an array of references. */
GPtrArray *requests_guests(Requests *self, const Dir *dir);
/* How many open and unknown requests all other accounts of a provider have. */
guint requests_aside(Requests *self, const Dir *provider);
/* Another account is shown: its workspaces have their requests again, and the
 * guests of now. */
void requests_show(Requests *self, Provider *provider);
