#pragma once

#include "fs/start/config.h"

/* What the checks of `sessionfs doctor` share.  One thread. */
typedef struct Doctor Doctor;

typedef struct {
	const char *id;   /* as sessionfs(8) has it */
	gboolean network; /* --offline leaves it out */
	gboolean each;    /* once for each section */
	/* Says one thing at least, by the functions below.  Writes to nothing and
	 * locks nothing. */
	void (*run)(Doctor *doctor);
	/* Checks of the machine, or of the same section, without which this one
	 * would only find the same fault again: "dns tcp".  NULL: none. */
	const char *needs;
} DoctorCheck;

struct Doctor {
	Config *config;      /* what of it is right */
	GPtrArray *problems; /* GError *: what is wrong with the file */
	char *config_path;   /* NULL: there is none */
	gboolean json;
	guint failures;
	const DoctorCheck *check;
	ConfigProvider *section; /* of a check for each; NULL: of another */
	GHashTable *failed;      /* "check", and "check section": a set */
	/* The last call of a provider and the status of its answer; NULL and 0:
	 * there was none. */
	char *asked;
	guint answered;
};

/* The tables, each ended by a NULL id. */
extern const DoctorCheck doctor_machine[], doctor_config[], doctor_state[],
	doctor_section[];

/* The variable or key that names a section's proxy, and in *ret_value (borrowed) its
 * value; NULL: none is used. */
const char *doctor_proxy(const ConfigProvider *section, const char **ret_value);

/* Prints a finding; `mend` is the command or the setting that makes it right. */
void doctor_ok(Doctor *doctor, const char *format, ...) G_GNUC_PRINTF(2, 3);
void doctor_warn(Doctor *doctor, const char *mend, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
void doctor_fail(Doctor *doctor, const char *mend, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* It is not looked at, since the check of that id has failed. */
void doctor_skip(Doctor *doctor, const char *other);
