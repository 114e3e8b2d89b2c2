/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar-egress: the way out of the boxes that have a network.
 *
 * Started by the parent of `belljar serve`, beside boxd, when the operator allows a network at all,
 * with the descriptors that boxproto/egress_config.h names.  It has a user of its own, no
 * capability and no files.  boxd hands it the tap device of a box; each box gets a process of its
 * own, so that a program which finds a fault in libslirp is in the place of its own connections and
 * of nobody else's.
 *
 *   main.c      receives taps, makes a process for each
 *   fence.c     user, capabilities, Landlock, system call filters, limits
 *   stack.c     one box: frames, libslirp, sockets
 *     frame.c   what a frame says             meter.c     bytes a second
 *     policy.c  what the operator allows      routes.c    what is this host itself
 *     reach.c   both                          guard.c     the same at connect and sendto
 *     dns.c, resolver.c  names: which may be asked for, which addresses they have
 *
 * It ends when boxd's socket ends, and each process of a box with its box.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "boxproto/egress_config.h"
#include "egress/fence.h"
#include "egress/resolver.h"
#include "egress/stack.h"

/* Standard ones, the box's two, the routes', and those of questions. */
#define FDS_OF_OWN (6 + RESOLVER_ASKED_MAX)
/* What libslirp keeps for a connection at most, and the rest. */
#define BYTES_PER_CONNECTION ((size_t)512 << 10)
#define BYTES_OF_OWN         ((size_t)32 << 20)

struct egress {
    struct egress_config config;
    struct log log;
    struct fence_filter box_filter;
};

/* --- the process of a box ------------------------------------------------------------------- */

static int box_begin(const struct egress *g, int tap, int life, struct stack **ret, struct err *e)
{
    const struct egress_config *c = &g->config;
    size_t data_bytes = BYTES_OF_OWN + c->connections * BYTES_PER_CONNECTION;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return err_sys(e, "asking to end with the parent");
    }
    int r = stack_new(c, tap, life, ret, e);
    r = r < 0 ? r : fence_limits(FDS_OF_OWN + c->connections, data_bytes, e);
    return r < 0 ? r : fence_filter_load(&g->box_filter, e);
}

/* boxd's socket is closed here: nobody else may speak with boxd. */
static _Noreturn void box_main(const struct egress *g, int tap, int life)
{
    struct stack *stack = NULL;
    struct err e;
    close(EGRESS_FD_BOXD);
    if (box_begin(g, tap, life, &stack, &e) < 0) {
        LOG_ERROR(&g->log, "a box is left without its network", log_s("error", e.text));
        _exit(EXIT_FAILURE);
    }
    stack_run(stack);
    _exit(EXIT_SUCCESS);
}

/* --- the main process ----------------------------------------------------------------------- */

static void attach(const struct egress *g, int fds[2])
{
    AUTO(fd_closep) int tap = fds[0];
    AUTO(fd_closep) int life = fds[1];
    struct err e;
    if (fd_set_nonblock(tap, true, &e) < 0) {
        LOG_ERROR(&g->log, "a box is left without its network", log_s("error", e.text));
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        box_main(g, TAKE(&tap, -1), TAKE(&life, -1));
    }
    if (pid < 0) {
        LOG_ERROR(&g->log, "a box is left without its network",
                  log_s("error", strerrordesc_np(errno)));
    }
}

/* Until boxd is gone. */
static int serve(const struct egress *g, struct err *e)
{
    for (;;) {
        struct egress_attach message;
        int fds[2] = {-1, -1};
        size_t len = 0, count = ARRAY_LEN(fds);
        int r = fd_recv(EGRESS_FD_BOXD, &message, sizeof(message), &len, fds, &count, 0, e);
        if (r < 0 || len == 0) {
            return r == -ERR_GONE ? 0 : r;
        }
        if (len != sizeof(message) || count != ARRAY_LEN(fds)) {
            fd_close(fds[0]);
            fd_close(fds[1]);
            return err_set(e, ERR_INVALID, "boxd sent %zu bytes with %zu descriptors", len, count);
        }
        attach(g, fds);
    }
}

static int egress_run(struct egress *g, struct err *e)
{
    int r = egress_config_read(EGRESS_FD_CONFIG, &g->config, e);
    if (r < 0) {
        return r;
    }
    close(EGRESS_FD_CONFIG);
    g->log.level = (enum log_level)g->config.log_level;
    struct fence_filter own;
    /* The kernel buries them. */
    const struct sigaction bury = {.sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT};
    if (sigaction(SIGCHLD, &bury, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return err_sys(e, "setting signals");
    }
    r = fence_filter_build(FENCE_MAIN, &own, e);
    r = r < 0 ? r : fence_filter_build(FENCE_BOX, &g->box_filter, e);
    r = r < 0 ? r : fence_privileges((uid_t)g->config.uid, (gid_t)g->config.gid, e);
    r = r < 0 ? r : fence_files(e);
    r = r < 0 ? r : fence_filter_load(&own, e);
    return r < 0 ? r : serve(g, e);
}

int main(void)
{
    struct egress g = {.log = {STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT, "egress"}};
    struct err e;
    if (egress_run(&g, &e) < 0) {
        LOG_ERROR(&g.log, "egress cannot go on", log_s("error", e.text));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
