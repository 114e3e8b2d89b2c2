#pragma once
/*
 * apt_granted - what scripts of packages use without saying so.
 *
 * A package may take for granted what is essential in Debian, and the base of a release has only
 * what most need of it.
 */
#include <stdbool.h>

struct apt_plan;

/* Adds to *packages what the scripts of the plan's packages use, where it is neither in the plan
 * nor in `status`; false: there is nothing to add. */
bool apt_granted_add(const struct apt_plan *plan, const char *status, char ***packages);
