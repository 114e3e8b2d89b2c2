/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pkg_crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/pkg.h"
#include "cli/pkg_install.h"
#include "packages/install_below.h"
#include "packages/install_piston.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define HANDS_MAX  4 /* processes at once */
#define LINE_MAX_B ((size_t)1 << 20)
#define READ_BYTES 16384
#define DEPTH_MAX  8 /* of parts that stand on parts */

enum job_state { JOB_WAITS, JOB_RUNS, JOB_DONE, JOB_FAILED };

struct job {
    struct crew *crew;
    struct crew_task task;
    size_t *needs; /* indexes of jobs */
    size_t need_count;
    enum job_state state;
    /* While it runs. */
    pid_t pid;
    int fd;
    struct loop_io io;
    struct buf line;
    struct pkg_progress progress;
    json_t *end; /* its last line */
    uint64_t begin;
};

struct crew {
    struct pkg *pkg;
    struct shop *shop;
    crew_work_fn *work;
    struct loop *loop;
    struct job **jobs;
    size_t count, running, hands;
    bool stuck;
    int signo; /* we were asked to end; 0: not */
};

static void crew_done(struct crew *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->jobs[i]->needs);
        buf_done(&c->jobs[i]->line);
        json_decref(c->jobs[i]->end);
        free(c->jobs[i]);
    }
    free(c->jobs);
    loop_free(c->loop);
}

/* --- what there is to do ---------------------------------------------------------------------- */

static size_t job_add(struct crew *c, struct crew_task task)
{
    struct job *job = xcalloc(1, sizeof(*job));
    *job = (struct job){.crew = c, .task = task, .fd = -1};
    c->jobs = xreallocarray(c->jobs, c->count + 1, sizeof(struct job *));
    c->jobs[c->count] = job;
    return c->count++;
}

static void need_add(struct job *job, size_t index)
{
    job->needs = xreallocarray(job->needs, job->need_count + 1, sizeof(*job->needs));
    job->needs[job->need_count++] = index;
}

/* An order, or a part that was seen before; false: it is neither. */
static bool job_of(const struct crew *c, const struct recipe *recipe, size_t *ret)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->jobs[i]->task.below == recipe) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static bool is_there(const struct crew *c, const struct recipe *recipe)
{
    struct manifest *m = NULL;
    struct err ignored; /* one that cannot be read is made again */
    int r = package_store_get(c->pkg->store, recipe->id, &m, &ignored);
    manifest_free(r == 0 ? m : NULL);
    return r == 0;
}

static void needs_find(struct crew *c, size_t index, unsigned depth);

static void need(struct crew *c, size_t index, const struct recipe *part, unsigned depth)
{
    size_t job;
    if (!job_of(c, part, &job)) {
        if (is_there(c, part)) {
            return;
        }
        job = job_add(c, (struct crew_task){c->jobs[index]->task.order, part, part});
        needs_find(c, job, depth + 1);
    }
    need_add(c->jobs[index], job);
}

/* What cannot be found out here, the one who installs it says. */
static void needs_find(struct crew *c, size_t index, unsigned depth)
{
    AUTO(strv_freep) char **ids = NULL;
    const struct recipes *recipes = c->pkg->recipes;
    const struct recipe *recipe = c->jobs[index]->task.below;
    struct err ignored;
    if (!recipe) {
        strv_add(&ids, INSTALL_PISTON_PART);
    } else if (depth > DEPTH_MAX || install_below_ids(recipes, recipe, &ids, &ignored) < 0) {
        return;
    }
    for (char *const *id = ids; id && *id; id++) {
        const struct recipe *part = recipes_by_id(recipes, *id);
        if (part) {
            need(c, index, part, depth);
        }
    }
}

static void jobs_make(struct crew *c)
{
    size_t orders = shop_count(c->shop);
    for (size_t i = 0; i < orders; i++) {
        job_add(c, (struct crew_task){.order = i, .below = shop_recipe(c->shop, i)});
    }
    for (size_t i = 0; i < orders; i++) {
        needs_find(c, i, 0);
    }
}

/* --- what the processes say ------------------------------------------------------------------- */

static const char *text_of(json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text ? text : "";
}

static void progress_tell(struct job *job, json_t *line)
{
    job->progress.position = job->task.order + 1;
    job->progress.count = shop_count(job->crew->shop);
    pkg_progress_relay(&job->progress, text_of(line, "phase"), text_of(line, "what"),
                       (uint64_t)json_integer_value(json_object_get(line, "done")),
                       (uint64_t)json_integer_value(json_object_get(line, "total")));
    /* Of several bars the one that moves is seen; it is taken away as the parent's own. */
    job->crew->pkg->progress.drawn |= job->progress.drawn;
}

static void line_heard(struct job *job, const char *data, size_t len)
{
    json_t *line = json_loadb(data, len, 0, NULL);
    if (line && json_object_get(line, "end")) {
        json_decref(job->end);
        job->end = line;
        return;
    }
    if (line) {
        progress_tell(job, line);
    }
    json_decref(line);
}

static void lines_hear(struct job *job)
{
    const char *end;
    while (job->line.len > 0 && (end = memchr(job->line.data, '\n', job->line.len)) != NULL) {
        size_t len = (size_t)(end - job->line.data);
        line_heard(job, job->line.data, len);
        buf_consume(&job->line, len + 1);
    }
}

/* --- the end of one --------------------------------------------------------------------------- */

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static void failure_of(const struct job *job, int status, struct err *ret)
{
    if (job->end) {
        err_set(ret, err_kind_of_name(text_of(job->end, "kind")), "%s",
                text_of(job->end, "message"));
    } else {
        err_set(ret, ERR_GONE, "the process that installed it was ended by %s %d",
                WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

static void installed_tell(struct job *job)
{
    struct pkg *p = job->crew->pkg;
    double took_s = (double)(clock_mono_ns(&clock_system) - job->begin) / (double)NS_PER_S;
    json_t *one;
    size_t i;
    json_array_foreach(json_object_get(job->end, "installed"), i, one)
    {
        pkg_installed_say(p, one, took_s);
    }
}

/* In the order in which they were asked for. */
static void results_add(const struct crew *c)
{
    for (size_t k = 0; k < shop_count(c->shop); k++) {
        json_t *one;
        size_t i;
        json_array_foreach(json_object_get(c->jobs[k]->end, "installed"), i, one)
        {
            pkg_result(c->pkg, "installed", json_incref(one));
        }
    }
}

static void job_end(struct job *job)
{
    struct crew *c = job->crew;
    loop_io_remove(&job->io);
    fd_closep(&job->fd);
    int status = wait_for(job->pid);
    c->running--;
    job->state = job->end && strcmp(text_of(job->end, "end"), "ok") == 0 ? JOB_DONE : JOB_FAILED;
    if (job->state == JOB_FAILED) {
        struct err e;
        failure_of(job, status, &e);
        (void)pkg_fail(c->pkg, &e);
    } else if (!job->task.part) {
        installed_tell(job);
    }
}

static void on_readable(void *ctx, unsigned events)
{
    struct job *job = ctx;
    (void)events;
    ssize_t n = read(job->fd, buf_reserve(&job->line, READ_BYTES), READ_BYTES);
    if (n < 0 && errno == EINTR) {
        return;
    }
    if (n <= 0 || job->line.len > LINE_MAX_B) {
        job_end(job);
        return;
    }
    buf_commit(&job->line, (size_t)n);
    lines_hear(job);
}

/* --- the beginning of one --------------------------------------------------------------------- */

static _Noreturn void child_life(struct job *job, int out, pid_t parent)
{
    (void)setsid(); /* the terminal's Ctrl-C is the parent's to hear */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
        dup2(out, STDOUT_FILENO) < 0) {
        _exit(CLI_FAILED);
    }
    int status = job->crew->work(job->crew->shop, &job->task);
    (void)fflush(stdout);
    _exit(status);
}

static int job_begin(struct job *job, struct err *e)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return err_sys(e, "pipe");
    }
    (void)fflush(NULL);
    job->pid = fork();
    if (job->pid == 0) {
        child_life(job, ends[1], parent);
    }
    fd_close(ends[1]);
    job->fd = ends[0];
    if (job->pid < 0) {
        fd_closep(&job->fd);
        return err_sys(e, "fork");
    }
    job->state = JOB_RUNS;
    job->begin = clock_mono_ns(&clock_system);
    job->crew->running++;
    pkg_progress_init(&job->progress, job->crew->pkg->o.events);
    return loop_io_add(job->crew->loop, &job->io, job->fd, EPOLLIN, on_readable, job, e);
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool has_need(const struct crew *c, const struct job *job, enum job_state state)
{
    for (size_t i = 0; i < job->need_count; i++) {
        if (c->jobs[job->needs[i]]->state == state) {
            return true;
        }
    }
    return false;
}

/* What stands on what failed, which has said why. */
static void failures_spread(struct crew *c)
{
    for (size_t i = 0, before = c->count; i < before; i++) {
        struct job *job = c->jobs[i];
        if (job->state == JOB_WAITS && has_need(c, job, JOB_FAILED)) {
            job->state = JOB_FAILED;
            i = SIZE_MAX; /* from the beginning */
        }
    }
}

/* In the order in which they were asked for; what an order stands on goes before it. */
static struct job *next_ready(const struct crew *c)
{
    struct job *next = NULL;
    for (size_t i = 0; i < c->count; i++) {
        struct job *job = c->jobs[i];
        bool ready = !has_need(c, job, JOB_WAITS) && !has_need(c, job, JOB_RUNS);
        if (job->state == JOB_WAITS && (ready || c->stuck) &&
            (!next || job->task.order < next->task.order)) {
            next = job;
        }
    }
    return next;
}

static int begin_some(struct crew *c, struct err *e)
{
    int r = 0;
    struct job *job;
    failures_spread(c);
    while (r == 0 && c->running < c->hands && (job = next_ready(c)) != NULL) {
        r = job_begin(job, e);
        c->stuck = false; /* one: two of a ring would wait for each other's locks */
    }
    return r;
}

static bool is_over(const struct crew *c)
{
    bool waits = false;
    for (size_t i = 0; i < c->count && !c->signo; i++) {
        waits |= c->jobs[i]->state == JOB_WAITS;
    }
    return !waits && c->running == 0;
}

/* One that waits for a lock does not hear the first. */
static void on_signal(void *ctx, int signo)
{
    struct crew *c = ctx;
    int how = c->signo ? SIGKILL : SIGTERM;
    c->signo = signo;
    for (size_t i = 0; i < c->count; i++) {
        if (c->jobs[i]->state == JOB_RUNS) {
            (void)kill(c->jobs[i]->pid, how); /* not waited for yet: it is still its number */
        }
    }
}

static int loop_start(struct crew *c, struct err *e)
{
    static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};
    int r = loop_new(&c->loop, e);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(end_signals); i++) {
        r = loop_signal_add(c->loop, end_signals[i], on_signal, c, e);
    }
    return r;
}

static int all_run(struct crew *c, struct err *e)
{
    int r = loop_start(c, e);
    while (r == 0 && !is_over(c)) {
        r = c->signo ? 0 : begin_some(c, e);
        /* What stands on itself is begun all the same: whoever installs it says so. */
        c->stuck = c->running == 0;
        if (r == 0 && c->running > 0) {
            r = loop_step(c->loop, UINT64_MAX, e);
        }
    }
    return r;
}

static size_t failed_count(const struct crew *c)
{
    size_t failed = 0;
    for (size_t i = 0; i < c->count; i++) {
        failed += !c->jobs[i]->task.part && c->jobs[i]->state != JOB_DONE;
    }
    return failed;
}

/* Something that was installed stands on it. */
static bool is_of_use(const struct crew *c, size_t index)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct job *job = c->jobs[i];
        for (size_t k = 0; job->state == JOB_DONE && k < job->need_count; k++) {
            if (job->needs[k] == index && (!job->task.part || is_of_use(c, i))) {
                return true;
            }
        }
    }
    return false;
}

/* The next attempt begins with them. */
static void kept_tell(const struct crew *c)
{
    AUTO(buf_done) struct buf ids = {0};
    for (size_t i = 0; i < c->count; i++) {
        const struct job *job = c->jobs[i];
        if (job->task.part && job->state == JOB_DONE && !is_of_use(c, i)) {
            buf_add_fmt(&ids, "%s%s", ids.len > 0 ? ", " : "", job->task.part->id);
        }
    }
    if (ids.len > 0) {
        cli_note("pkg",
                 "kept for the next attempt: %s; 'belljar pkg gc' frees what nothing "
                 "stands on, and what was downloaded",
                 ids.data);
    }
}

int crew_run(struct pkg *p, struct shop *s, crew_work_fn *work)
{
    AUTO(crew_done) struct crew c = {.pkg = p, .shop = s, .work = work};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct err e;
    /* One more: it gets what it needs while the others are set up. */
    c.hands = cpus + 1 < HANDS_MAX ? (size_t)cpus + 1 : HANDS_MAX;
    jobs_make(&c);
    int r = all_run(&c, &e);
    pkg_progress_clear(&p->progress);
    if (r < 0) {
        return pkg_fail(p, &e);
    }
    results_add(&c);
    size_t failed = failed_count(&c);
    if (failed > 0 && shop_count(s) > 1 && !c.signo) {
        cli_note("pkg", "%zu of %zu could not be installed; the same command goes on with them",
                 failed, shop_count(s));
    }
    kept_tell(&c);
    return failed > 0 ? CLI_FAILED : CLI_OK;
}
