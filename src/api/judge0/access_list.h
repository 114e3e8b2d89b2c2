#pragma once
/*
 * access_list - whom a list of those who may and a list of those who may not let pass.  Pure.
 *
 * What stands in both is in neither.  Lists are strvs; NULL is empty.
 */
#include <stdbool.h>

struct err;

/* Addresses and networks: "10.1.2.3", "10.0.0.0/8", "::1".  ERR_INVALID names what is neither. */
int ip_list_check(char *const *list, const char *key, struct err *e);
bool ip_passes(char *const *allow, char *const *disallow, const char *client);
