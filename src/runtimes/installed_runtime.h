#pragma once
/*
 * installed_runtime - a runtime made from a manifest of the package store: its recipe, and its
 * tools as they lie in its layers.
 */
struct err;
struct manifest;
struct runtime;

/* `packages_fd`: the store's directory.  ERR_INVALID when the manifest does not say enough. */
int installed_runtime_new(int packages_fd, const struct manifest *m, struct runtime **ret,
                          struct err *e);
