#pragma once
/*
 * dropped - what an operator has put into the folder of packages: specs of images (image_spec.h) as
 * NAME.json, in it or in its recipes/, and recipes of one's own below recipes/.
 */
#include <stdbool.h>

/* Paths below the folder, sorted; the caller frees the vector (strv_free).  NULL: there is none. */
char **dropped_specs(int packages_fd);
/* Specs or recipes. */
bool dropped_any(int packages_fd);
