#pragma once
/*
 * install_stage - the stage of an installation: made ready for programs that run on it, as late as
 * one does, and left as the layer that it becomes.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct installation;
struct workshop_command;

/* The merged database of dpkg of what it stands on. */
int install_stage_status(const struct installation *in, struct buf *ret, struct err *e);
/* Directories and files of the layers, and dpkg's database; `replaced`: packages of the layers that
 * are replaced, NULL-ended. */
int install_stage_fill(const struct installation *in, char *const *replaced, struct err *e);
/* All that was unpacked has the time that it will have in the layer. */
int install_stage_times(const struct installation *in, struct err *e);
/* Runs a command on it; all that is there is its own. */
int install_stage_run(const struct installation *in, const struct workshop_command *command,
                      struct err *e);
/* Takes out what is not for the layer. */
int install_stage_finish(const struct installation *in, struct err *e);
