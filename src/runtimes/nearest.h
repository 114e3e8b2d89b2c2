#pragma once
/*
 * nearest - of several runtimes that with the version nearest to one that is wanted: the lowest
 * from that on, or where all are below, the highest.
 */
#include "model/semver.h"

struct runtime;

struct nearest {
    struct semver wanted;
    struct semver version;   /* the runtime's */
    struct runtime *runtime; /* NULL: none was seen yet */
};

/* Of equals the first stays. */
void nearest_see(struct nearest *n, struct runtime *runtime, const struct semver *version);
