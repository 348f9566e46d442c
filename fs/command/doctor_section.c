#include <string.h>

#include "fs/command/doctor_check.h"

/* Each section's provider: whose account it is, and whether it answers. */

/* Before anything is asked of the network. */
static void check_source(Doctor *doctor)
{
	g_autoptr(GString) place = g_string_new(NULL);
	g_autoptr(GString) source = g_string_new(NULL);

	if (!doctor->section->backend) {
		doctor_warn(doctor, "see section_keys",
			"not looked at, since the section cannot be used");
		return;
	}
	backend_identify(doctor->section->backend, place, source);
	if (source->len)
		doctor_ok(doctor, "%s: %s", place->str, source->str);
	else
		doctor_ok(
			doctor, "%s: no credentials are asked for", place->str);
}

const DoctorCheck doctor_section[] = {
	{"credentials_source", FALSE, TRUE, check_source},
	{NULL},
};
