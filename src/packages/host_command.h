#pragma once
/*
 * host_command - a program of the host's own that is run for an installation: apt.  Nothing foreign
 * is ever run so.  Blocks; SIGINT, SIGTERM and SIGHUP, which are blocked in us, end it.
 */
#include <stddef.h>

struct buf;
struct err;

struct host_command {
    char *const *argv;
    char *const *env; /* all of it */
    /* In a mount namespace of its own this directory is what is seen at `place`: whatever its path
     * is, also those without our rights reach it, and what the host has there is out of reach. */
    int dir_fd;
    const char *place;
};

/* *ret_output: stdout; *ret_said: stderr's last few KiB.  *ret_status: of waitpid. */
int host_command_run(const struct host_command *command, size_t output_max, struct buf *ret_output,
                     struct buf *ret_said, int *ret_status, struct err *e);
