#pragma once
/*
 * host_preparations - what is prepared for the recipes of host_recipes.c.
 */
#include "runtimes/preparation.h"

extern const struct preparation prepared_cpp; /* with -O0; its base with -O2 */
extern const struct preparation prepared_go;
