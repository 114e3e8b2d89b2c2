#pragma once
/*
 * host_preparations - what is prepared for recipes of compilers.
 */
#include "runtimes/preparation.h"

extern const struct preparation prepared_cpp; /* with -O0; its base with -O2 */

/* A cache of the compiled standard library, and {prepared}/build (src/runtimes/go/build.sh). */
extern const struct preparation prepared_go;

extern const char *const go_files[]; /* name, text, name, text ..., NULL: of that folder */
