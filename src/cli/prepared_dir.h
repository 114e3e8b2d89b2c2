#pragma once
/*
 * prepared_dir - the directory of what `belljar prepare` makes, one directory a preparation.
 *
 * Boxes run what is in there, and read it as their own tools: so it belongs to root or to us, and
 * nobody else may write to it.
 *
 *   <name>-<hash>          a preparation: it is whole as soon as it has this name
 *   .new-<name>-<hash>     being made; left by one that was killed
 *   .old-<name>-<hash>     being removed
 *   .failed-<name>-<hash>  why it could not be made
 *   .lock                  held by the one who makes
 */
#include "cli/owned_dir.h"

struct config;
struct err;

/*
 * Makes it when it is not there.  Before host_enter: in a user namespace the owner of a file could
 * not be told.
 */
int prepared_dir_open(const struct config *config, struct owned_dir *ret, struct err *e);
/* Likewise, for those who can do without: the log says why there is none. */
void prepared_dir_open_or_none(const struct config *config, const char *process,
                               struct owned_dir *ret);
