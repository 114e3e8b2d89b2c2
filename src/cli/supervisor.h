#pragma once
/*
 * supervisor - the parent: starts boxd and the server process, starts them again when they die,
 * ends them.
 *
 *   boxd dies            another is started, and its socket sent to the server
 *   belljar-egress dies  boxd is ended, and both are started again
 *   the server dies      boxd ends with its socket; both are started again
 *   packages change      what compilers have prepared is made again, when the machine is idle
 *   the server asks      packages are installed and removed (cli/steward.h)
 *   one dies soon after its start, again and again: a pause that doubles each time, then it gives
 * up SIGTERM, SIGINT, SIGHUP  the server drains; a second one ends both at once
 */
#include <stdbool.h>
#include <sys/types.h>

struct config;
struct egress_config;
struct err;
struct instance;
struct launch_config;
struct log;
struct owned_dir;

struct supervisor_config {
    const struct config *config;
    char *const *flags; /* that it came from, for programs that are started with the same */
    const struct launch_config *launch;
    const struct egress_config *egress; /* NULL: boxes have no network */
    struct instance *instance;
    uid_t uid; /* of the server process */
    gid_t gid;
    int state_fd; /* the directory that it may write to */
    bool kept;    /* ... is there after the end, too */
    int unzip_fd; /* belljar-unzip, for jobs with archives; -1: there is none */
    const struct owned_dir *prepared, *packages;
    const struct log *log, *audit;
};

/*
 * Until it is told to stop: 0; -kind when they could not be started, or not be kept running.  In
 * either case both have ended.  *ret_told: the failing one has said on stderr why.
 */
int supervisor_run(const struct supervisor_config *config, bool *ret_told, struct err *e);
