#pragma once
/*
 * routes - whether the kernel would send to an address out of this host: not to the host itself, by
 * whatever address it has now, and not to all of a wire.
 */
#include <stdbool.h>

struct err;
struct ip;

int routes_open(int *ret_sock, struct err *e);
bool routes_lead_out(int sock, const struct ip *a);
