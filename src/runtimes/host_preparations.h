#pragma once
/*
 * host_preparations - what is prepared for recipes of compilers.
 */
#include "runtimes/preparation.h"

extern const struct preparation prepared_cpp; /* with -O0; its base with -O2 */
extern const struct preparation prepared_go;
