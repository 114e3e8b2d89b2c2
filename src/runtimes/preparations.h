#pragma once
/*
 * preparations - what the recipes of this host want prepared, whether it is there or not.
 */
#include <stddef.h>

struct host_view;
struct preparation;

struct preparation_wanted {
    const struct preparation *preparation;
    char *key;
    char *tool; /* its path */
    char **argv;
};

/* Each once; a base stands before what is built on it. */
struct preparations {
    struct preparation_wanted *all;
    size_t count;
};

void preparations_find(const struct host_view *view, struct preparations *ret);
void preparations_done(struct preparations *p);
