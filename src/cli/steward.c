/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/steward.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/audit.h"
#include "cli/owned_dir.h"
#include "cli/steward_rules.h"
#include "config/config.h"
#include "packages/dropped.h"

#define PROGRAM    "/proc/self/exe"
#define CHILD_LOST 127
#define NAME_BYTES 32

struct steward_work {
    struct steward_order order;
    int in_fd, out_fd;
};

/* --- one piece of work ------------------------------------------------------------------------ */

static void work_free(struct steward_work *w)
{
    steward_order_done(&w->order);
    fd_close(w->in_fd);
    fd_close(w->out_fd);
    free(w);
}

static char **argv_of(const struct steward *s, const struct steward_order *o)
{
    char **argv = NULL;
    strv_add(&argv, "belljar");
    strv_add_all(&argv, o->command);
    strv_add_all(&argv, s->config.flags);
    /* What the file says may have changed since. */
    strv_add_take(&argv, xasprintf("--runtimes-dir=%s", s->config.packages->path));
    strv_add(&argv, "--events");
    strv_add_all(&argv, o->words);
    return argv;
}

/*
 * SIGPIPE stays ignored, as it is in us: the lines of one whose server has died go nowhere, and it
 * goes on.
 */
static void child_life(const struct steward_work *w, char *const *argv, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    (void)setsid(); /* the terminal's Ctrl-C is the parent's to hear */
    int in = w->in_fd >= 0 ? w->in_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent || in < 0 ||
        dup2(in, STDIN_FILENO) < 0 || dup2(w->out_fd, STDOUT_FILENO) < 0) {
        _exit(CHILD_LOST);
    }
    (void)unsetenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): one thread */
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    execv(PROGRAM, argv);
    _exit(CHILD_LOST);
}

static void on_exit_of_child(void *ctx, unsigned events);

static int child_start(struct steward_child *c, struct steward_work *w, struct err *e)
{
    AUTO(strv_freep) char **argv = argv_of(c->steward, &w->order);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        child_life(w, argv, parent);
    }
    if (pid < 0) {
        return err_sys(e, "fork");
    }
    c->pid = pid;
    c->work = w;
    fd_closep(&w->in_fd);
    fd_closep(&w->out_fd);
    c->pidfd = pidfd_open(pid, 0); /* not yet waited for: the number is still its own */
    if (c->pidfd < 0) {
        return err_sys(e, "pidfd_open");
    }
    return loop_io_add(c->steward->config.loop, &c->exit_io, c->pidfd, EPOLLIN, on_exit_of_child, c,
                       e);
}

/* Waits for it. */
static void child_bury(struct steward_child *c)
{
    siginfo_t info = {0};
    loop_io_remove(&c->exit_io);
    (void)waitid(P_PID, (id_t)c->pid, &info, WEXITED);
    fd_closep(&c->pidfd);
    struct steward_work *w = TAKE(&c->work, NULL);
    c->pid = 0;
    if (w->order.changes) {
        LOG_INFO(c->steward->config.log, "packages: done", log_s("act", w->order.act.act),
                 log_s("what", w->order.act.what), log_i("status", info.si_status));
    }
    work_free(w);
}

static void child_signal(const struct steward_child *c, int signo)
{
    if (c->work) {
        (void)kill(c->pid, signo); /* our child, not yet waited for */
    }
}

/* --- the queues ------------------------------------------------------------------------------- */

static struct steward_queue *queue_of(struct steward *s, bool changes)
{
    return changes ? &s->changes : &s->questions;
}

static struct steward_child *child_free(struct steward *s, bool changes)
{
    for (size_t i = changes ? 0 : 1; i < (changes ? 1 : STEWARD_CHILDREN); i++) {
        if (!s->children[i].work) {
            return &s->children[i];
        }
    }
    return NULL;
}

/* In as many lines as it takes: nothing hides behind the end of one. */
static void audit_tell(const struct steward *s, const struct steward_order *o)
{
    struct audit_act act = o->act;
    const char *rest = o->what ? o->what : "";
    do {
        snprintf(act.what, sizeof(act.what), "%s", rest);
        size_t len = strlen(act.what);
        const char *space = rest[len] ? strrchr(act.what, ' ') : NULL;
        len = space ? (size_t)(space - act.what) : len;
        act.what[len] = '\0';
        audit_server(s->config.audit, &act);
        rest += len;
        rest += strspn(rest, " ");
    } while (*rest);
}

/* What cannot be started ends without a word, which its server takes for an error. */
static void start(struct steward_child *c, struct steward_work *w)
{
    struct err e;
    const struct steward *s = c->steward;
    if (w->order.changes) {
        audit_tell(s, &w->order);
    }
    if (child_start(c, w, &e) == 0) {
        return;
    }
    LOG_ERROR(s->config.log, "packages: cannot start", log_s("what", w->order.act.what),
              log_s("error", e.text));
    if (c->work) { /* nobody would hear of its end */
        child_signal(c, SIGKILL);
        child_bury(c);
    } else {
        work_free(w);
    }
}

static void next_start(struct steward *s, bool changes)
{
    struct steward_queue *queue = queue_of(s, changes);
    struct steward_child *c;
    while (queue->count > 0 && (c = child_free(s, changes))) {
        struct steward_work *w = queue->all[0];
        queue->count--;
        for (size_t i = 0; i < queue->count; i++) {
            queue->all[i] = queue->all[i + 1];
        }
        start(c, w);
    }
}

static void on_exit_of_child(void *ctx, unsigned events)
{
    struct steward_child *c = ctx;
    struct steward *s = c->steward;
    (void)events; /* a pidfd only ever becomes readable */

    bool changes = c->work->order.changes;
    child_bury(c);
    next_start(s, changes);
    s->config.ended(s->config.ctx);
}

/* --- uploads ---------------------------------------------------------------------------------- */

static struct steward_upload *upload_find(struct steward *s, uint32_t number)
{
    for (size_t i = 0; i < STEWARD_UPLOADS; i++) {
        if (s->uploads[i].number == number) {
            return &s->uploads[i];
        }
    }
    return NULL;
}

static void upload_drop(struct steward_upload *u)
{
    fd_closep(&u->fd);
    u->number = 0;
}

/* Two descriptors of a file that has no name any more: who writes has no say over who reads. */
static int upload_open(const struct steward *s, int *ret_write, int *ret_read, struct err *e)
{
    char name[NAME_BYTES];
    int dir = s->config.packages->fd;
    snprintf(name, sizeof(name), ".upload-%d", (int)getpid());
    (void)unlinkat(dir, name, 0); /* of one with our number, killed between the calls below */
    AUTO(fd_closep)
    int writer = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (writer < 0) {
        return err_sys(e, "open '%s/%s'", s->config.packages->path, name);
    }
    AUTO(fd_closep) int reader = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int r = reader < 0 ? err_sys(e, "open '%s/%s'", s->config.packages->path, name) : 0;
    if (unlinkat(dir, name, 0) < 0 && r == 0) {
        r = err_sys(e, "unlink '%s/%s'", s->config.packages->path, name);
    }
    if (r == 0) {
        *ret_write = TAKE(&writer, -1);
        *ret_read = TAKE(&reader, -1);
    }
    return r;
}

static int upload_make(struct steward *s, struct steward_answer *answer, int *ret_fd, struct err *e)
{
    struct steward_upload *u = upload_find(s, 0);
    if (!u) {
        return err_set(e, ERR_BUSY, "%d images are being sent already", STEWARD_UPLOADS);
    }
    int r = upload_open(s, ret_fd, &u->fd, e);
    if (r == 0) {
        s->last_upload = s->last_upload == UINT32_MAX ? 1 : s->last_upload + 1;
        u->number = answer->upload = s->last_upload;
    }
    return r;
}

/* Its reader goes to the work. */
static int upload_take(struct steward *s, uint32_t number, struct steward_work *w, struct err *e)
{
    struct steward_upload *u = upload_find(s, number);
    struct stat st;
    if (!u) {
        return err_set(e, ERR_NOT_FOUND, "there is no such upload");
    }
    if (fstat(u->fd, &st) < 0) {
        return err_sys(e, "the upload");
    }
    if ((uint64_t)st.st_size > s->config.config->image_max_bytes) {
        return err_set(e, ERR_LIMIT, "the image is larger than packages.image_max_bytes");
    }
    w->in_fd = TAKE(&u->fd, -1);
    u->number = 0;
    return 0;
}

/* --- requests --------------------------------------------------------------------------------- */

static int work_accept(struct steward *s, struct steward_order *order, int *ret_fd, struct err *e)
{
    int pipe_fds[2];
    struct steward_queue *queue = queue_of(s, order->changes);
    if (queue->count == STEWARD_WAITING_MAX) {
        return err_set(e, ERR_BUSY, "too many changes of packages wait already");
    }
    /* The child does not wait for a server that does not read (cli/event_out.h). */
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        return err_sys(e, "pipe");
    }
    struct steward_work *w = xcalloc(1, sizeof(*w));
    *w = (struct steward_work){.in_fd = -1, .out_fd = pipe_fds[1]};
    int r = order->upload ? upload_take(s, order->upload, w, e) : 0;
    if (r < 0) {
        fd_close(pipe_fds[0]);
        work_free(w);
        return r;
    }
    w->order = TAKE(order, (struct steward_order){0});
    queue->all[queue->count++] = w;
    *ret_fd = pipe_fds[0];
    return 0;
}

static int request_do(struct steward *s, const void *packet, size_t len,
                      struct steward_answer *answer, int *ret_fd, struct err *e)
{
    AUTO(steward_order_done) struct steward_order order = {0};
    int r = steward_order_read(packet, len, s->config.config->registries, &order, e);
    if (r < 0) {
        return r;
    }
    if (s->stopping) {
        return err_set(e, ERR_BUSY, "the server is stopping");
    }
    if (s->config.packages->fd < 0) {
        return err_set(e, ERR_UNSUPPORTED,
                       "this server has no place for packages; its log says why at the start");
    }
    if (!s->config.config->packages_api && (order.changes || order.op == STEWARD_UPLOAD)) {
        return err_set(e, ERR_DENIED,
                       "packages.api is off: packages are changed on the host alone");
    }
    if (order.op == STEWARD_UPLOAD) {
        return upload_make(s, answer, ret_fd, e);
    }
    if (order.op != STEWARD_UPLOAD_DROP) {
        return work_accept(s, &order, ret_fd, e);
    }
    struct steward_upload *u = upload_find(s, order.upload);
    if (u) {
        upload_drop(u);
    }
    return 0;
}

/* One that takes no answers is not to hold us up. */
static void answer_send(struct steward *s, const struct steward_answer *answer, int fd)
{
    struct err e;
    if (fd_send(s->sock, answer, sizeof(*answer), &fd, fd >= 0, &e) < 0) {
        LOG_WARN(s->config.log, "packages: the server takes no answer", log_s("error", e.text));
        steward_disconnect(s);
    }
}

static void on_request(void *ctx, unsigned events)
{
    struct steward *s = ctx;
    (void)events;

    char packet[STEWARD_PACKET_MAX];
    size_t len = 0, fd_count = 0;
    struct steward_answer answer = {0};
    AUTO(fd_closep) int fd = -1;
    struct err e;
    int r = fd_recv(s->sock, packet, sizeof(packet), &len, NULL, &fd_count, MSG_DONTWAIT, &e);
    if (r == -ERR_BUSY) {
        return;
    }
    if (r < 0 || len == 0) { /* it has ended, or says what it never would */
        steward_disconnect(s);
        return;
    }
    if (request_do(s, packet, len, &answer, &fd, &e) < 0) {
        answer.kind = e.kind;
        memcpy(answer.text, e.text, sizeof(answer.text));
    }
    answer_send(s, &answer, fd);
    next_start(s, true);
    next_start(s, false);
}

/* --- its life --------------------------------------------------------------------------------- */

void steward_init(struct steward *s, const struct steward_config *config)
{
    *s = (struct steward){.config = *config, .sock = -1};
    for (size_t i = 0; i < STEWARD_CHILDREN; i++) {
        s->children[i] = (struct steward_child){.steward = s, .pidfd = -1};
    }
    for (size_t i = 0; i < STEWARD_UPLOADS; i++) {
        s->uploads[i].fd = -1;
    }
}

int steward_connect(struct steward *s, int *ret_theirs, struct err *e)
{
    int pair[2];
    steward_disconnect(s);
    int r = fd_seqpacket_pair_guarded(pair, e);
    if (r < 0) {
        return r;
    }
    s->sock = pair[0];
    r = loop_io_add(s->config.loop, &s->io, s->sock, EPOLLIN, on_request, s, e);
    if (r < 0) {
        fd_close(pair[1]);
        fd_closep(&s->sock);
        return r;
    }
    *ret_theirs = pair[1];
    return 0;
}

static void queue_drop(struct steward *s, bool changes)
{
    struct steward_queue *queue = queue_of(s, changes);
    while (queue->count > 0) {
        work_free(queue->all[--queue->count]);
    }
}

void steward_disconnect(struct steward *s)
{
    loop_io_remove(&s->io);
    fd_closep(&s->sock);
    queue_drop(s, false); /* nobody is left to hear the answers */
    for (size_t i = 0; i < STEWARD_UPLOADS; i++) {
        upload_drop(&s->uploads[i]);
    }
}

void steward_stop(struct steward *s, bool kill)
{
    s->stopping = true;
    queue_drop(s, true);
    queue_drop(s, false);
    for (size_t i = 0; i < STEWARD_CHILDREN; i++) {
        child_signal(&s->children[i], kill ? SIGKILL : SIGTERM);
    }
}

void steward_sync(struct steward *s)
{
    AUTO(fd_closep) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (s->config.packages->fd < 0 || null < 0 || s->changes.count == STEWARD_WAITING_MAX ||
        !dropped_any(s->config.packages->fd)) {
        return;
    }
    struct steward_work *w = xcalloc(1, sizeof(*w));
    *w = (struct steward_work){.in_fd = -1, .out_fd = TAKE(&null, -1)};
    w->order.changes = true;
    w->order.act = (struct audit_act){.act = "installs what lies in the folder of packages",
                                      .who = "belljar serve"};
    strv_add(&w->order.command, "pkg");
    strv_add(&w->order.command, "sync");
    s->changes.all[s->changes.count++] = w;
    next_start(s, true);
}

bool steward_is_idle(const struct steward *s)
{
    pid_t pids[STEWARD_CHILDREN];
    return steward_pids(s, pids) == 0;
}

size_t steward_pids(const struct steward *s, pid_t ret[STEWARD_CHILDREN])
{
    size_t count = 0;
    for (size_t i = 0; i < STEWARD_CHILDREN; i++) {
        if (s->children[i].work) {
            ret[count++] = s->children[i].pid;
        }
    }
    return count;
}

void steward_done(struct steward *s)
{
    if (!s->config.loop) {
        return;
    }
    steward_stop(s, true);
    steward_disconnect(s);
    for (size_t i = 0; i < STEWARD_CHILDREN; i++) {
        if (s->children[i].work) {
            child_bury(&s->children[i]);
        }
    }
}
