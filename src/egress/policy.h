#pragma once
/*
 * policy - where the programs of one box may connect to: what the operator's options say, and the
 * addresses that names of the allow list turned out to have.  No system calls.
 */
#include <stdbool.h>

#include "boxproto/egress_config.h"

struct policy; /* opaque */

struct policy *policy_new(const struct egress_config *config); /* which outlives it */
void policy_free(struct policy *p);                            /* NULL is fine */

bool policy_allows(const struct policy *p, const struct ip *a);
/* Whether a name may be asked for; "example.org", without a dot at its end. */
bool policy_allows_name(const struct policy *p, const char *name);
/* An address of an allowed name is reachable from now on, if it is a public one. */
void policy_pin(struct policy *p, const struct ip *a);
