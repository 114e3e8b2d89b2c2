/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_boxd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"

#define ROUNDS 12

static const struct fake_init no_init = {-1, -1, -1, -1, -1};

struct fake_boxd *fake_boxd_with(uint32_t boxes, uint32_t features)
{
    struct fake_boxd *f = xcalloc(1, sizeof(*f));
    struct err e;
    int pair[2];
    assert_int_equal(fd_seqpacket_pair(pair, &e), 0);
    assert_int_equal(loop_new(&f->loop, &e), 0);
    f->sock = pair[1];
    f->server_sock = pair[0];
    for (size_t i = 0; i < FAKE_INITS; i++) {
        f->init[i] = no_init;
    }
    struct box_boxd_hello hello = {.head.type = BOX_MSG_BOXD_HELLO,
                                   .version = BOX_PROTO_VERSION,
                                   .boxes = boxes,
                                   .features = features};
    assert_int_equal(fd_send(f->sock, &hello, sizeof(hello), NULL, 0, &e), 0);
    assert_int_equal(sandbox_new(f->loop, pair[0], NULL, &f->sandbox, &e), 0);
    return f;
}

struct fake_boxd *fake_boxd_new(uint32_t boxes)
{
    return fake_boxd_with(boxes, 0);
}

static void init_close(struct fake_init *init)
{
    fd_closep(&init->control);
    fd_closep(&init->stdin_fd);
    fd_closep(&init->stdout_fd);
    fd_closep(&init->stderr_fd);
    fd_closep(&init->product_fd);
}

void fake_boxd_free(struct fake_boxd *f)
{
    sandbox_free(f->sandbox);
    loop_free(f->loop);
    fake_hang_up(f);
    while (f->held_count > 0) {
        free(f->held[--f->held_count]);
    }
    free(f);
}

void fake_run(struct fake_boxd *f)
{
    struct err e;
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(loop_step(f->loop, 0, &e), 0);
    }
}

void fake_hang_up(struct fake_boxd *f)
{
    fd_closep(&f->sock);
    for (size_t i = 0; i < FAKE_INITS; i++) {
        init_close(&f->init[i]);
    }
}

static int packet_try(int sock, struct fake_packet *ret, struct err *e)
{
    ret->fd_count = 8;
    return fd_recv(sock, ret->bytes, sizeof(ret->bytes), &ret->len, ret->fds, &ret->fd_count,
                   MSG_DONTWAIT, e);
}

static void packet_read(int sock, enum box_msg wanted, struct fake_packet *ret)
{
    struct err e = {0};
    if (packet_try(sock, ret, &e) < 0) {
        fail_msg("no %s: %s", box_msg_name(wanted), e.text);
    }
}

static struct fake_packet *gets(int sock, enum box_msg type)
{
    static struct fake_packet p; /* valid until the next one */
    packet_read(sock, type, &p);
    assert_string_equal(box_msg_name(p.head.type), box_msg_name(type));
    assert_true(box_msg_check(p.bytes, p.len, UINT32_C(1) << type));
    return &p;
}

static struct fake_packet *held_gets(struct fake_boxd *f, enum box_msg type)
{
    static struct fake_packet p;
    p = *f->held[0];
    free(f->held[0]);
    memmove(f->held, f->held + 1, --f->held_count * sizeof(f->held[0]));
    assert_string_equal(box_msg_name(p.head.type), box_msg_name(type));
    return &p;
}

uint32_t fake_destroy_comes(struct fake_boxd *f)
{
    for (;;) {
        struct fake_packet *p = xcalloc(1, sizeof(*p));
        packet_read(f->sock, BOX_MSG_DESTROY, p);
        if (p->head.type == BOX_MSG_DESTROY) {
            uint32_t box = p->head.box;
            free(p);
            return box;
        }
        assert_true(f->held_count < FAKE_BOXES);
        f->held[f->held_count++] = p;
    }
}

static void note_create(struct fake_boxd *f, const struct fake_packet *p)
{
    if (p->head.type == BOX_MSG_CREATE) {
        assert_int_equal(p->fd_count, 1);
        assert_int_equal(f->init[p->head.box].control, -1);
        f->init[p->head.box].control = p->fds[0];
    }
}

struct fake_packet *fake_boxd_gets(struct fake_boxd *f, enum box_msg type)
{
    struct fake_packet *p = f->held_count > 0 ? held_gets(f, type) : gets(f->sock, type);
    note_create(f, p);
    return p;
}

struct fake_packet *fake_boxd_gets_any(struct fake_boxd *f)
{
    static struct fake_packet p;
    struct err e;
    if (packet_try(f->sock, &p, &e) < 0) {
        return NULL;
    }
    note_create(f, &p);
    return &p;
}

/* A payload's first bytes, which came with its message, as the DATA that would have brought them.
 */
static struct fake_packet *rest_as_data(struct fake_init *init)
{
    static struct fake_packet p;
    p = (struct fake_packet){.head.type = BOX_MSG_DATA, .len = sizeof(p.head) + init->rest_len};
    memcpy(p.bytes + sizeof(p.head), init->rest, init->rest_len);
    init->rest_len = 0;
    return &p;
}

struct fake_packet *fake_init_gets(struct fake_boxd *f, uint32_t box, enum box_msg type)
{
    struct fake_init *init = &f->init[box];
    if (type == BOX_MSG_DATA && init->rest_len > 0) {
        return rest_as_data(init);
    }
    struct fake_packet *p = gets(init->control, type);
    size_t size = box_msg_size(type);
    if (size > 0 && p->len > size) {
        init->rest_len = p->len - size;
        memcpy(init->rest, p->bytes + size, init->rest_len);
        p->len = size;
    }
    return p;
}

void fake_boxd_gets_nothing(struct fake_boxd *f)
{
    char byte;
    assert_int_equal(recv(f->sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
}

uint32_t fake_starts(struct fake_boxd *f)
{
    uint32_t box = fake_boxd_gets(f, BOX_MSG_START)->head.box;
    fake_init_gets(f, box, BOX_MSG_INIT_START);
    fake_init_gets(f, box, BOX_MSG_DATA);
    return box;
}

uint32_t fake_takes_box(struct fake_boxd *f)
{
    uint32_t box = fake_boxd_gets(f, BOX_MSG_CREATE)->head.box;
    assert_int_equal(fake_starts(f), box);
    return box;
}

static void boxd_sends(struct fake_boxd *f, const void *message, size_t len)
{
    struct err e;
    assert_int_equal(fd_send(f->sock, message, len, NULL, 0, &e), 0);
}

void fake_hello(struct fake_boxd *f, uint32_t box)
{
    struct fake_init *init = &f->init[box];
    int in[2], out[2], err[2];
    assert_int_equal(pipe(in) | pipe(out) | pipe(err), 0);
    init->stdin_fd = in[0];
    init->stdout_fd = out[1];
    init->stderr_fd = err[1];
    struct box_hello m = {.head.type = BOX_MSG_HELLO};
    int fds[] = {in[1], out[0], err[0]};
    struct err e;
    assert_int_equal(fd_send(init->control, &m, sizeof(m), fds, 3, &e), 0);
    for (size_t i = 0; i < 3; i++) {
        fd_close(fds[i]);
    }
}

void fake_print(struct fake_boxd *f, uint32_t box, enum box_stream stream, const char *text)
{
    struct err e;
    int fd = stream == BOX_STDERR ? f->init[box].stderr_fd : f->init[box].stdout_fd;
    assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

void fake_closes_output(struct fake_boxd *f, uint32_t box)
{
    fd_closep(&f->init[box].stdout_fd);
    fd_closep(&f->init[box].stderr_fd);
}

void fake_init_says(struct fake_boxd *f, uint32_t box, enum box_msg type, int fd)
{
    char m[64] = {0}; /* all that is not said is 0 */
    struct box_head head = {.type = type};
    struct err e;
    memcpy(m, &head, sizeof(head));
    assert_int_equal(fd_send(f->init[box].control, m, box_msg_size(type), &fd, fd >= 0, &e), 0);
    fd_close(fd);
}

void fake_init_fails(struct fake_boxd *f, uint32_t box, enum err_kind kind, const char *text)
{
    struct box_failed m = {.head.type = BOX_MSG_FAILED};
    struct err e;
    err_set(&m.err, kind, "%s", text);
    assert_int_equal(fd_send(f->init[box].control, &m, sizeof(m), NULL, 0, &e), 0);
}

void fake_init_ends(struct fake_boxd *f, uint32_t box)
{
    init_close(&f->init[box]);
}

void fake_product(struct fake_boxd *f, uint32_t box)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    f->init[box].product_fd = ends[1];
    fake_init_says(f, box, BOX_MSG_PRODUCT, ends[0]);
}

void fake_ended(struct fake_boxd *f, uint32_t box, enum box_end end, int wait_status)
{
    struct box_ended m = {.head = {BOX_MSG_ENDED, box},
                          .end = end,
                          .wait_status = wait_status,
                          .wall_ns = 5000000,
                          .cpu_ns = 3000000,
                          .start_ns = 2000000,
                          .memory_peak = 1 << 20};
    boxd_sends(f, &m, sizeof(m));
}

void fake_failed(struct fake_boxd *f, uint32_t box, enum err_kind kind, const char *text)
{
    struct box_failed m = {.head = {BOX_MSG_FAILED, box}};
    err_set(&m.err, kind, "%s", text);
    boxd_sends(f, &m, sizeof(m));
}

void fake_used(struct fake_boxd *f, uint32_t box, uint64_t memory_bytes, uint64_t cpu_ns)
{
    struct box_used m = {
        .head = {BOX_MSG_USED, box}, .memory_bytes = memory_bytes, .cpu_ns = cpu_ns};
    boxd_sends(f, &m, sizeof(m));
}

void fake_destroyed(struct fake_boxd *f, uint32_t box)
{
    init_close(&f->init[box]);
    struct box_destroyed m = {.head = {BOX_MSG_DESTROYED, box}};
    boxd_sends(f, &m, sizeof(m));
}

void fake_runs(struct fake_boxd *f, uint32_t box, const char *output, int wait_status)
{
    fake_hello(f, box);
    fake_print(f, box, BOX_STDOUT, output);
    fake_closes_output(f, box);
    fake_ended(f, box, BOX_END_EXIT, wait_status);
    fake_run(f);
}
