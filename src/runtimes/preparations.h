#pragma once
/*
 * preparations - what the recipes of this host want prepared, whether it is there or not.
 */
#include <stddef.h>

struct err;
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
/*
 * Keeps those of these names, and what they are built on; `names` ends with NULL, and NULL is all.
 * ERR_NOT_FOUND for a name that none has.
 */
int preparations_choose(struct preparations *p, char *const *names, struct err *e);
void preparations_done(struct preparations *p);
