#pragma once
/*
 * packages_dir - the directory of the package store (packages/store.h), as the options mean it.
 */
#include <stdbool.h>

#include "cli/owned_dir.h"

struct config;
struct err;

/* runtimes.dir; else <data>/packages; else root's or the user's own.  The caller frees it.
 * ERR_NOT_FOUND: there is no HOME. */
int packages_dir_path(const struct config *config, char **ret, struct err *e);
/* `make`: with its layers/ and runtimes/ when they are not there, so that what is installed later
 * is seen.  Else ERR_NOT_FOUND. */
int packages_dir_open(const struct config *config, bool make, struct owned_dir *ret, struct err *e);
/* Likewise, for those who can do without: the log says why there is none. */
void packages_dir_open_or_none(const struct config *config, const char *process, bool make,
                               struct owned_dir *ret);
