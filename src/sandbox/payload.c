/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways, by what costs least:
 *   everything behind the message     small programs: one system call
 *   strings there, archive as file    many files, or a product that is a sealed memfd already
 *   all in one sealed memfd           many strings
 */
#include "sandbox/payload.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxproto.h"
#include "sandbox/chan.h"
#include "sandbox/sandbox.h"

#define FRAME_DATA_MAX (PAYLOAD_FRAME_MAX - sizeof(struct box_init_start))

static size_t strings_size(char *const *v)
{
    size_t size = 0;
    for (; v && *v; v++) {
        size += strlen(*v) + 1;
    }
    return size;
}

static char *strings_put(char *at, char *const *v)
{
    for (; v && *v; v++) {
        size_t size = strlen(*v) + 1;
        memcpy(at, *v, size);
        at += size;
    }
    return at;
}

static void program_strings_put(char *at, const struct box_program *p)
{
    at = strings_put(at, p->argv);
    at = strings_put(at, p->env);
    strings_put(at, p->collect);
}

static uint32_t flags_of(const struct box_program *p)
{
    return (p->merge_stderr ? BOX_START_MERGE_STDERR : 0) | (p->tell_started ? BOX_START_TELL : 0) |
           (p->collect ? BOX_START_COLLECT : 0) |
           (p->collect && p->collect_some ? BOX_START_COLLECT_SOME : 0);
}

static int message_fill(struct box_init_start *m, const struct box_program *p, struct err *e)
{
    size_t strings = strings_size(p->argv) + strings_size(p->env) + strings_size(p->collect);
    if (strings > BOX_STRINGS_MAX) {
        return err_set(e, ERR_LIMIT, "arguments and environment have %zu bytes, the limit is %u",
                       strings, BOX_STRINGS_MAX);
    }
    size_t count = strv_len(p->argv) + strv_len(p->env) + strv_len(p->collect);
    if (count > BOX_STRINGS_COUNT_MAX) {
        return err_set(e, ERR_LIMIT, "arguments and environment are %zu strings, the limit is %u",
                       count, BOX_STRINGS_COUNT_MAX);
    }
    *m = (struct box_init_start){
        .head.type = BOX_MSG_INIT_START,
        .flags = flags_of(p),
        .stdio = p->stdio,
        .argc = (uint32_t)strv_len(p->argv),
        .envc = (uint32_t)strv_len(p->env),
        .collectc = (uint32_t)strv_len(p->collect),
        .strings_bytes = (uint32_t)strings,
        .archive_bytes = p->archive_size,
        .stack_bytes = p->stack_bytes,
        .file_bytes = p->file_bytes,
        .address_bytes = p->address_bytes,
        .cpu_s = p->cpu_ns ? (p->cpu_ns + 999999999) / 1000000000 + 1 : 0,
        .collect_bytes = p->collect_bytes,
        .open_files = p->open_files,
        .processes = p->processes,
        .rows = p->rows,
        .columns = p->columns,
        .data_mib = (uint32_t)((p->data_bytes + (1 << 20) - 1) >> 20),
    };
    return 0;
}

/* `file`: payload or archive, or -1.  `m` has `len` bytes with what follows it. */
static int message_send(struct chan *control, const void *m, size_t len,
                        const struct box_program *p, int file, struct err *e)
{
    int fds[4];
    size_t count = 0;
    if (file >= 0) {
        fds[count++] = file;
    }
    for (size_t i = 0; p->stdio == BOX_STDIO_FILE && i < ARRAY_LEN(p->stdio_fds); i++) {
        fds[count++] = p->stdio_fds[i];
    }
    return chan_send(control, m, len, fds, count, e);
}

static int archive_read(const struct box_program *p, char *at, struct err *e)
{
    if (p->archive_fd < 0 || p->archive_size == 0) {
        if (p->archive_size > 0) {
            memcpy(at, p->archive, p->archive_size);
        }
        return 0;
    }
    ssize_t n = pread(p->archive_fd, at, p->archive_size, 0);
    if (n < 0) {
        return err_sys(e, "reading the files of a box");
    }
    if ((size_t)n != p->archive_size) {
        return err_set(e, ERR_BUG, "the files of a box have %zd of %zu bytes", n, p->archive_size);
    }
    return 0;
}

/* Strings, and the archive too when there is no file of it, behind the message itself. */
static int frame_send(struct chan *control, const struct box_init_start *m,
                      const struct box_program *p, int archive_fd, char *frame, struct err *e)
{
    bool archive = archive_fd < 0;
    char *data = frame + sizeof(*m);
    memcpy(frame, m, sizeof(*m));
    program_strings_put(data, p);
    int r = archive ? archive_read(p, data + m->strings_bytes, e) : 0;
    size_t len = sizeof(*m) + m->strings_bytes + (archive ? p->archive_size : 0);
    return r < 0 ? r : message_send(control, frame, len, p, archive_fd, e);
}

/* The archive as a file: the program's own, or a new one. */
static int archive_send(struct chan *control, struct box_init_start *m, const struct box_program *p,
                        char *frame, struct err *e)
{
    m->flags |= BOX_START_ARCHIVE_FD;
    if (p->archive_fd >= 0) {
        return frame_send(control, m, p, p->archive_fd, frame, e);
    }
    AUTO(fd_closep) int fd = -1;
    int r = fd_memfd("belljar-files", p->archive, p->archive_size, true, &fd, e);
    return r < 0 ? r : frame_send(control, m, p, fd, frame, e);
}

static int payload_file_send(struct chan *control, struct box_init_start *m,
                             const struct box_program *p, struct err *e)
{
    m->flags |= BOX_START_PAYLOAD_FD;
    AUTO(buf_done) struct buf all = {0};
    char *room = buf_reserve(&all, m->strings_bytes + p->archive_size);
    program_strings_put(room, p);
    int r = archive_read(p, room + m->strings_bytes, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int fd = -1;
    r = fd_memfd("belljar-start", room, m->strings_bytes + p->archive_size, true, &fd, e);
    return r < 0 ? r : message_send(control, m, sizeof(*m), p, fd, e);
}

static int start_send(struct chan *control, struct box_init_start *m, const struct box_program *p,
                      char *frame, struct err *e)
{
    if (m->strings_bytes + p->archive_size <= FRAME_DATA_MAX) {
        return frame_send(control, m, p, -1, frame, e);
    }
    if (m->strings_bytes <= FRAME_DATA_MAX) {
        return archive_send(control, m, p, frame, e);
    }
    return payload_file_send(control, m, p, e);
}

static int program_check(const struct box_program *p, struct err *e)
{
    return p->argv && p->argv[0] ? 0 : err_set(e, ERR_INVALID, "a program without a command");
}

int payload_send(struct chan *control, const struct box_program *p, char *frame, struct err *e)
{
    struct box_init_start m = {0};
    int r = program_check(p, e);
    r = r < 0 ? r : message_fill(&m, p, e);
    return r < 0 ? r : start_send(control, &m, p, frame, e);
}

int payload_send_warm(struct chan *control, const struct box_program *p, const char *wait,
                      char *frame, struct err *e)
{
    char name[BOX_WAIT_NAME_MAX + 1];
    snprintf(name, sizeof(name), "%s", wait);
    char *const names[] = {name, NULL};
    struct box_program early = *p;
    early.collect = names;
    early.archive_size = 0;
    early.archive_fd = -1;
    struct box_init_start m = {0};
    int r = program_check(p, e);
    r = r < 0 ? r : message_fill(&m, &early, e);
    m.head.type = BOX_MSG_WARM;
    m.flags &= BOX_START_MERGE_STDERR;
    return r < 0 ? r : start_send(control, &m, &early, frame, e);
}

int payload_send_warmed(struct chan *control, const struct box_program *p, char *frame,
                        struct err *e)
{
    struct box_program late = *p;
    late.argv = late.env = NULL;
    late.stdio = BOX_STDIO_PIPE;
    late.merge_stderr = false;
    struct box_init_start m = {0};
    int r = message_fill(&m, &late, e);
    m.flags |= BOX_START_WARMED;
    return r < 0 ? r : start_send(control, &m, &late, frame, e);
}
