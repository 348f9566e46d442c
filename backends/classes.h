#pragma once

#include "backend.h"

/* Each provider file's one export; backend.c lists them. */
extern const BackendClass alibaba_class;
extern const BackendClass memory_class;
