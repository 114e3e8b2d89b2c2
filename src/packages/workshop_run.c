/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "config/config.h"
#include "packages/layer_clear.h"
#include "packages/stage_tree.h"
#include "packages/stage_watch.h"
#include "packages/store.h"
#include "packages/tree_writer.h"
#include "packages/workshop_impl.h"
#include "sandbox/launch.h"

#define UNPACK_NAME      "belljar-unpack"
#define ASROOT_NAME      "belljar-asroot.so"
#define PROGRAM_MAX      ((size_t)64 << 20)
#define LINE_MAX_BYTES   4096
#define STAGE_SAID_BYTES 65536

static void env_make(const struct workshop_command *c, char ***ret)
{
    strv_add(ret, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    strv_add(ret, "HOME=/tmp");
    strv_add(ret, "LANG=C.UTF-8");
    if (c->env) {
        strv_add_all(ret, c->env);
    }
}

/* On top of them there are the directories and files of a box. */
static size_t layers_make(const uint32_t *layers, size_t count, uint32_t ret[BOX_LAYERS_MAX],
                          struct err *e)
{
    if (count >= BOX_LAYERS_MAX) {
        (void)err_set(e, ERR_LIMIT, "it stands on %zu layers: at most %d can be put together",
                      count, BOX_LAYERS_MAX - 1);
        return 0;
    }
    ret[0] = LAYER_GUEST;
    if (count > 0) {
        memcpy(ret + 1, layers, count * sizeof(*layers));
    }
    return count + 1;
}

static struct workshop_task task_of(struct workshop *w, const struct workshop_command *c)
{
    return (struct workshop_task){.workshop = w,
                                  .memory_bytes = c->memory_bytes,
                                  .wall_ns = c->wall_ns,
                                  .cpu_ns = c->cpu_ns,
                                  .input_fd = -1};
}

/* --- a command, as a job's -------------------------------------------------------------------- */

struct capture {
    struct buf *buf;
    size_t max;
};

static int capture_add(void *ctx, const char *data, size_t len, struct err *e)
{
    const struct capture *c = ctx;
    if (c->buf->len + len > c->max) {
        return err_set(e, ERR_LIMIT, "it printed more than %zu bytes", c->max);
    }
    buf_add(c->buf, data, len);
    return 0;
}

int workshop_run(struct workshop *w, const uint32_t *layers, size_t layer_count,
                 const struct workshop_command *command, const struct buf *files, const void *input,
                 size_t input_len, size_t max, struct buf *ret_output, struct buf *ret_said,
                 int *ret_status, struct err *e)
{
    uint32_t all[BOX_LAYERS_MAX];
    AUTO(strv_freep) char **env = NULL;
    AUTO(workshop_task_done) struct workshop_task task = task_of(w, command);
    struct capture capture = {ret_output, max};
    AUTO(strv_freep) char **argv = strv_dup(command->argv);
    task.layers = all;
    task.layer_count = layers_make(layers, layer_count, all, e);
    if (task.layer_count == 0) {
        return -ERR_LIMIT;
    }
    env_make(command, &env);
    task.argv = argv;
    task.env = env;
    task.files = files ? files->data : NULL;
    task.files_len = files ? files->len : 0;
    task.input = input;
    task.input_len = input_len;
    task.output = capture_add;
    task.ctx = &capture;
    int r = workshop_boxd(w, NULL, e);
    r = r < 0 ? r : workshop_task_run(&task, e);
    if (r == 0) {
        *ret_status = task.status;
        if (ret_said) {
            buf_add(ret_said, task.said.data, task.said.len);
        }
    }
    return r;
}

/* --- on a stage ------------------------------------------------------------------------------- */

struct listener {
    const struct workshop_command *command;
    struct buf line, last;
};

static void line_said(struct listener *l)
{
    if (l->command->said) {
        l->command->said(l->command->said_ctx, l->line.data ? l->line.data : "");
    }
    buf_clear(&l->line);
}

static int lines_add(void *ctx, const char *data, size_t len, struct err *e)
{
    struct listener *l = ctx;
    (void)e;
    buf_add(&l->last, data, len);
    buf_consume(&l->last, l->last.len > STAGE_SAID_BYTES ? l->last.len - STAGE_SAID_BYTES : 0);
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n') {
            line_said(l);
        } else if (l->line.len < LINE_MAX_BYTES && data[i] != '\0') {
            buf_add_char(&l->line, data[i]);
        }
    }
    return 0;
}

static void listener_done(struct listener *l)
{
    buf_done(&l->line);
    buf_done(&l->last);
}

static char *stage_path(const struct workshop *w, const struct stage *stage)
{
    return xasprintf("%s/stage/%s", w->packages_path, stage->name);
}

int workshop_stage_owner(struct workshop *w, const struct stage *stage, uid_t *ret, struct err *e)
{
    AUTO(mem_freep) char *path = stage_path(w, stage);
    int r = workshop_boxd(w, path, e);
    if (r == 0) {
        *ret = instance_program_uid(w->instance);
    }
    return r;
}

/* What an overlay without syncs marks, so that nobody mounts it again after a crash: this stage is
 * then thrown away anyway. */
static int work_ready(struct workshop *w, const struct stage *stage, struct err *e)
{
    uid_t owner = instance_program_uid(w->instance);
    AUTO(fd_closep)
    int fd = openat(stage->fd, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchown(fd, owner, owner) < 0) {
        return err_sys(e, "giving the work directory of a stage to its box");
    }
    return layer_clear(fd, "work", e);
}

/* What makes a command believe that it is root; there while it runs. */
static int asroot_put(const struct workshop *w, const struct stage *stage, struct err *e)
{
    const struct stage_tree tree = {.stage = stage, .owner = instance_program_uid(w->instance)};
    AUTO(fd_closep) int fd = -1;
    AUTO(buf_done) struct buf program = {0};
    int r = launch_program_open(ASROOT_NAME, "asroot", &fd, e);
    r = r < 0 ? r : fd_read_all(fd, PROGRAM_MAX, &program, e);
    return r < 0 ? r : stage_tree_put(&tree, ASROOT_NAME, program.data, program.len, 0644, e);
}

static int on_watch(void *ctx, struct err *e)
{
    return stage_watch_look(ctx, e);
}

/* One file ends at the limit, which is then passed by a byte: the count says so. */
static int watched_run(struct workshop_task *task, const struct stage *stage, struct err *e)
{
    struct stage_watch watch;
    uint64_t max_bytes = task->workshop->config->max_layer_bytes;
    int r = stage_watch_begin(&watch, stage, max_bytes, e);
    task->watch = on_watch;
    task->watch_ctx = &watch;
    task->file_bytes = max_bytes + 1;
    r = r < 0 ? r : workshop_task_run(task, e);
    task->watch = NULL;
    task->watch_ctx = NULL;
    return r < 0 ? r : stage_watch_end(&watch, e);
}

static int stage_task_run(struct workshop_task *task, struct stage *stage, bool as_root,
                          struct err *e)
{
    struct workshop *w = task->workshop;
    int r = work_ready(w, stage, e);
    if (as_root) {
        r = r < 0 ? r : asroot_put(w, stage, e);
    }
    r = r < 0 ? r : watched_run(task, stage, e);
    if (as_root && unlinkat(stage->tree_fd, ASROOT_NAME, 0) < 0 && r == 0) {
        r = err_sys(e, "removing '%s' of a stage", ASROOT_NAME);
    }
    return r;
}

int workshop_run_on_stage(struct workshop *w, struct stage *stage, const uint32_t *layers,
                          size_t layer_count, const struct workshop_command *command, struct err *e)
{
    uint32_t all[BOX_LAYERS_MAX];
    AUTO(mem_freep) char *path = stage_path(w, stage);
    AUTO(strv_freep) char **env = NULL;
    AUTO(strv_freep) char **argv = strv_dup(command->argv);
    AUTO(workshop_task_done) struct workshop_task task = task_of(w, command);
    AUTO(listener_done) struct listener listener = {.command = command};
    task.layers = all;
    task.layer_count =
        command->on_host ? launch_host_layers(all) : layers_make(layers, layer_count, all, e);
    if (task.layer_count == 0) {
        return -ERR_LIMIT;
    }
    env_make(command, &env);
    bool as_root = !command->on_host && !command->as_itself;
    if (as_root) {
        strv_add(&env, "LD_PRELOAD=/" ASROOT_NAME);
    }
    task.argv = argv;
    task.env = env;
    task.files = command->files ? command->files->data : NULL;
    task.files_len = command->files ? command->files->len : 0;
    task.output = lines_add;
    task.ctx = &listener;
    int r = workshop_boxd(w, path, e);
    r = r < 0 ? r : stage_task_run(&task, stage, as_root, e);
    const struct buf *said = task.said.len > 0 ? &task.said : &listener.last;
    return r < 0 ? r : workshop_task_judge(&task, command->argv[0], said, e);
}

/* --- unpacking -------------------------------------------------------------------------------- */

static int unpack_add(void *ctx, const char *data, size_t len, struct err *e)
{
    return tree_writer_add(ctx, data, len, e);
}

static int unpack_program(struct buf *ret, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    AUTO(buf_done) struct buf program = {0};
    int r = launch_program_open(UNPACK_NAME, "unpack", &fd, e);
    r = r < 0 ? r : fd_read_all(fd, PROGRAM_MAX, &program, e);
    return r < 0 ? r
                 : boxarchive_add(ret, BOXARCHIVE_FILE, 0755, UNPACK_NAME, program.data,
                                  program.len, e);
}

int workshop_unpack(struct workshop *w, int archive_fd, struct tree_writer *writer, struct err *e)
{
    return workshop_unpack_with(w, archive_fd, NULL, writer, e);
}

int workshop_unpack_with(struct workshop *w, int archive_fd, char *const *flags,
                         struct tree_writer *writer, struct err *e)
{
    const struct workshop_command command = {0};
    uint32_t host[BOX_LAYERS_MAX];
    AUTO(buf_done) struct buf files = {0};
    AUTO(strv_freep) char **env = NULL;
    AUTO(strv_freep) char **argv = NULL;
    AUTO(workshop_task_done) struct workshop_task task = task_of(w, &command);
    strv_add(&argv, "/box/" UNPACK_NAME);
    strv_add_all(&argv, flags);
    env_make(&command, &env);
    int r = unpack_program(&files, e);
    r = r < 0 ? r : workshop_boxd(w, NULL, e);
    if (r < 0) {
        return r;
    }
    task.layers = host;
    task.layer_count = launch_host_layers(host);
    task.argv = argv;
    task.env = env;
    task.files = files.data;
    task.files_len = files.len;
    task.input_fd = archive_fd;
    task.output = unpack_add;
    task.ctx = writer;
    r = workshop_task_run(&task, e);
    r = r < 0 ? r : workshop_task_judge(&task, "unpacking", &task.said, e);
    return r < 0 ? r : tree_writer_end(writer, e);
}
