/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/strv.h"

#define READY      " is ready on http://"
#define SECRET     "OPERATOR_SECRET"
#define SECRET_LEN 18
#define LOG_MAX    ((size_t)64 << 20)
#define OWN_WORD   "belljar serve: "
#define READ_SIZE  4096

/* A flag that is said twice counts as it was said last: without a flag there are spare boxes,
 * whatever is configured. */
static const char *const first_flags[] = {"--pool-boxes=16"};
/*
 * --listen would add to it.  Spare boxes and what was compiled are used as ever, but are gone soon
 * after: what lies there then was left behind.
 */
static const char *const own_flags[] = {
    "--listen=127.0.0.1:0",
    "--listen-optional=",
    "--server-data=",
    "--engine-paused=false",
    "--pool-keep=",
    "--pool-idle-ms=300",
    "--cache-age-s=1",
    "--callers-rate=0",
    "--callers-running=0",
    "--callers-queued=0",
    "--validation-max-source-length=0",
    "--validation-deny-patterns=",
    "--judge0-authn-token=",
    "--prepare-auto=false",
};

/* By its path: else the name of the process would be "exe". */
static char *own_path(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    return xstrndup(len > 0 ? path : "", len > 0 ? (size_t)len : 0);
}

static char **argv_make(char *const *flags)
{
    char **argv = NULL;
    strv_add_take(&argv, own_path());
    strv_add(&argv, "serve");
    for (size_t i = 0; i < ARRAY_LEN(first_flags); i++) {
        strv_add(&argv, first_flags[i]);
    }
    strv_add_all(&argv, flags);
    for (size_t i = 0; i < ARRAY_LEN(own_flags); i++) {
        strv_add(&argv, own_flags[i]);
    }
    return argv;
}

/* In the child.  It ends in order when we are killed. */
static void serve_become(char *const *argv, const struct prove_server *s, int ready_fd)
{
    prove_cgroup_enter(&s->cgroup);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)setpgid(0, 0);                /* Ctrl-C is ours to hear */
    (void)setenv(SECRET, s->secret, 1); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (dup2(ready_fd, STDOUT_FILENO) >= 0 && dup2(s->log_fd, STDERR_FILENO) >= 0) {
        execv(argv[0], argv);
    }
    _exit(EXIT_FAILURE);
}

/* Why it ended: what it says as a command of its kind does, else the last line of its log. */
static const char *cause(char *const *lines)
{
    const char *found = "it said nothing", *own = NULL;
    for (; lines && *lines; lines++) {
        own = str_starts(*lines, OWN_WORD) ? *lines + strlen(OWN_WORD) : own;
        found = *lines;
    }
    return own ? own : found;
}

static int failure(int log_fd, struct err *e)
{
    AUTO(buf_done) struct buf log = {0};
    AUTO(strv_freep) char **lines = NULL;
    struct err ignored;
    if (lseek(log_fd, 0, SEEK_SET) == 0 && fd_read_all(log_fd, LOG_MAX, &log, &ignored) == 0) {
        lines = log.len > 0 ? strv_split(log.data, "\n") : NULL;
    }
    return err_set(e, ERR_IO, "belljar serve did not start here: %s", cause(lines));
}

/* "belljar 0.1.0 is ready on http://127.0.0.1:40123, and keeps ..." */
static int url_read(int ready_fd, char **ret, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    for (;;) {
        ssize_t n = read(ready_fd, buf_reserve(&text, READ_SIZE), READ_SIZE);
        if (n <= 0) {
            return err_set(e, ERR_GONE, "it has ended");
        }
        buf_commit(&text, (size_t)n);
        const char *ready = strstr(text.data, READY);
        if (ready && strchr(ready, '\n')) {
            const char *url = ready + strlen(READY) - strlen("http://");
            *ret = xstrndup(url, strcspn(url, ", ;\n"));
            return 0;
        }
    }
}

int prove_server_start(char *const *flags, struct prove_server *ret, struct err *e)
{
    AUTO(prove_server_done) struct prove_server s = PROVE_SERVER_NONE;
    AUTO(strv_freep) char **argv = argv_make(flags);
    int ready[2];
    unsigned char secret[SECRET_LEN];
    AUTO(buf_done) struct buf hex = {0};
    if (pipe2(ready, O_CLOEXEC) < 0) {
        return err_sys(e, "pipe");
    }
    AUTO(fd_closep) int ready_in = ready[0];
    AUTO(fd_closep) int ready_out = ready[1];
    int r = fd_memfd("belljar-prove-log", "", 0, false, &s.log_fd, e);
    if (r < 0) {
        return r;
    }
    rand_bytes(secret, sizeof(secret));
    base64_encode(secret, sizeof(secret), &hex);
    s.secret = buf_take(&hex);
    prove_cgroup_leave(&s.cgroup);
    s.pid = fork();
    if (s.pid < 0) {
        return err_sys(e, "fork");
    }
    if (s.pid == 0) {
        serve_become(argv, &s, ready_out);
    }
    fd_closep(&ready_out);
    if (url_read(ready_in, &s.url, e) < 0) {
        return failure(s.log_fd, e);
    }
    *ret = TAKE(&s, PROVE_SERVER_NONE);
    return 0;
}

int prove_server_stop(struct prove_server *s, struct err *e)
{
    int status = 0;
    pid_t pid = TAKE(&s->pid, -1);
    if (pid < 0) {
        return 0;
    }
    (void)kill(pid, SIGTERM); /* our child, not yet waited for */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    prove_cgroup_done(&s->cgroup);
    return status == 0 ? 0 : err_set(e, ERR_BUG, "the server ended with status %d", status);
}

void prove_server_done(struct prove_server *s)
{
    struct err e;
    (void)prove_server_stop(s, &e);
    prove_cgroup_done(&s->cgroup);
    fd_closep(&s->log_fd);
    free(s->url);
    free(s->secret);
    *s = PROVE_SERVER_NONE;
}
