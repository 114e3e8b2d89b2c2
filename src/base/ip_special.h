#pragma once
/*
 * ip_special - addresses that are no ordinary public ones, and what they stand for.  Pure
 * functions.
 */
#include <stdbool.h>

#include "base/ip.h"

struct ip_special {
    struct ip_network network; /* all of the addresses that are so */
    const char *kind;          /* "a private": an address */
    bool never;                /* of the host itself or of its wire: no list of networks means it */
};

/* What stands for an IPv4 address (NAT64's own prefix, 6to4), as that address; else as it is. */
struct ip ip_unwrap(const struct ip *a);
/* Of an unwrapped address; false: it is public. */
bool ip_special_find(const struct ip *a, struct ip_special *ret);
