#pragma once
/*
 * pkg_remove - installed runtimes taken away, also for a spec.
 */
#include <stddef.h>

struct manifest;
struct pkg;

/* Each gives an enum cli_status. */
int pkg_remove_some(struct pkg *p, const struct manifest *const *some, size_t count);
/* Parts that nothing needs any more, and layers that nothing names. */
int pkg_collect(struct pkg *p);
