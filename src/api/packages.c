/* SPDX-License-Identifier: Apache-2.0 */
#include "api/packages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/gate.h"
#include "api/json.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "http/http.h"

#define LINE_MAX_BYTES ((size_t)4 << 20)
#define READ_BYTES     ((size_t)64 << 10)

/*
 * ASKED    sent, no answer yet: in packages.asked, in the order in which answers come
 * READING  its lines come
 * OVER     `end` is due
 */
struct packages_ask {
    struct packages *packages;
    struct list link;
    bool is_upload, forgotten;
    struct packages_events events;
    packages_ready_fn *ready;
    void *ready_ctx;
    struct loop_io io;
    int fd;          /* -1: none (yet) */
    struct buf text; /* a line that is not whole */
    json_t *last;    /* the line that tells the end, when it came */
    uint32_t upload; /* that has come, or of an import until it is accepted; 0: none */
    struct err failure;
    struct loop_defer over;
};

struct packages {
    struct loop *loop;
    const struct log *log;
    int sock;
    struct loop_io io;
    struct list asked, others;
};

/* --- the end of one --------------------------------------------------------------------------- */

static void ask_free(struct packages_ask *a)
{
    list_remove(&a->link);
    loop_io_remove(&a->io);
    loop_defer_cancel(&a->over);
    fd_close(a->fd);
    buf_done(&a->text);
    json_decref(a->last);
    free(a);
}

static json_t *failure_json(const struct packages_ask *a)
{
    const struct err *e = &a->failure;
    return json_pack("{s:s,s:s,s:o,s:b}", "end", "error", "kind", err_kind_name(e->kind), "message",
                     json_repaired(e->text, strlen(e->text)), "refused", a->fd < 0);
}

static void on_over(void *ctx)
{
    struct packages_ask *a = ctx;
    bool ok = a->failure.kind == 0;
    if (a->is_upload && !a->forgotten) {
        a->ready(a->ready_ctx, a->upload, TAKE(&a->fd, -1), ok ? NULL : &a->failure);
    } else if (!a->is_upload && !a->forgotten) {
        AUTO(json_freep)
        json_t *line = a->last != NULL ? json_incref(a->last) : failure_json(a);
        a->events.end(a->events.ctx, line);
    }
    ask_free(a);
}

static void ask_over(struct packages_ask *a)
{
    list_remove(&a->link);
    list_append(&a->packages->others, &a->link);
    loop_io_remove(&a->io);
    loop_defer(a->packages->loop, &a->over, on_over, a);
}

static void ask_fail(struct packages_ask *a, enum err_kind kind, const char *text)
{
    err_set(&a->failure, kind, "%s", text);
    ask_over(a);
}

/* What was sent for an import stays the steward's, and would fill its few places. */
static void ask_refuse(struct packages_ask *a, enum err_kind kind, const char *text)
{
    if (!a->is_upload && a->upload != 0) {
        packages_upload_drop(a->packages, a->upload);
    }
    ask_fail(a, kind, text);
}

/* --- its lines -------------------------------------------------------------------------------- */

static void take_line(struct packages_ask *a, const char *line, size_t len)
{
    json_t *value = json_loadb(line, len, 0, NULL);
    if (json_object_get(value, "end") != NULL) {
        json_decref(a->last);
        a->last = json_incref(value);
    } else if (json_is_object(value) && a->events.progress != NULL && !a->forgotten) {
        a->events.progress(a->events.ctx, value);
    }
    json_decref(value);
}

static void take_lines(struct packages_ask *a)
{
    size_t begin = 0;
    for (;;) {
        const char *newline = memchr(a->text.data + begin, '\n', a->text.len - begin);
        if (newline == NULL) {
            break;
        }
        size_t end = (size_t)(newline - a->text.data);
        take_line(a, a->text.data + begin, end - begin);
        begin = end + 1;
    }
    buf_consume(&a->text, begin);
}

static void on_lines(void *ctx, unsigned events)
{
    struct packages_ask *a = ctx;
    (void)events;

    size_t before = a->text.len;
    ssize_t n = read(a->fd, buf_reserve(&a->text, READ_BYTES), READ_BYTES);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        ask_fail(a, ERR_IO,
                 "the command that changes packages ended without a word; the log may say why");
        return;
    }
    buf_commit(&a->text, (size_t)n);
    if (memchr(a->text.data + before, '\n', (size_t)n) != NULL) {
        take_lines(a);
    }
    if (a->text.len > LINE_MAX_BYTES) {
        ask_fail(a, ERR_LIMIT, "the command that changes packages says too much at once");
    }
}

/* --- the steward ------------------------------------------------------------------------------ */

static void steward_lost(struct packages *p)
{
    loop_io_remove(&p->io);
    fd_closep(&p->sock);
    LIST_FOR_EACH (node, &p->asked) {
        ask_fail(LIST_ITEM(node, struct packages_ask, link), ERR_GONE,
                 "the parent of this server does not answer");
    }
}

static void accepted(struct packages_ask *a, const struct steward_answer *answer, int fd)
{
    struct packages *p = a->packages;
    a->fd = fd;
    a->upload = answer->upload;
    if (a->is_upload) {
        if (a->forgotten) {
            packages_upload_drop(p, a->upload);
            ask_free(a);
        } else {
            ask_over(a);
        }
        return;
    }
    list_remove(&a->link);
    list_append(&p->others, &a->link);
    struct err e;
    if (fd_set_nonblock(fd, true, &e) < 0 ||
        loop_io_add(p->loop, &a->io, fd, EPOLLIN, on_lines, a, &e) < 0) {
        ask_fail(a, e.kind, e.text);
    }
}

static void answer_take(struct packages *p, const struct steward_answer *answer, int fd)
{
    struct packages_ask *a = LIST_ITEM(p->asked.next, struct packages_ask, link);
    if (answer->kind == 0 && fd >= 0) {
        accepted(a, answer, fd);
        return;
    }
    fd_close(fd);
    if (a->forgotten && a->is_upload) {
        ask_free(a);
        return;
    }
    AUTO(mem_freep) char *text = xstrndup(answer->text, sizeof(answer->text) - 1);
    ask_refuse(a, answer->kind != 0 ? answer->kind : ERR_BUG, text);
}

static void on_answer(void *ctx, unsigned events)
{
    struct packages *p = ctx;
    (void)events;

    struct steward_answer answer;
    size_t len = 0, fd_count = 1;
    int fd = -1;
    struct err e;
    int r = fd_recv(p->sock, &answer, sizeof(answer), &len, &fd, &fd_count, MSG_DONTWAIT, &e);
    if (r == -ERR_BUSY) {
        return;
    }
    if (r < 0 || len != sizeof(answer) || list_empty(&p->asked)) {
        fd_close(fd);
        steward_lost(p);
        return;
    }
    answer_take(p, &answer, fd);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void word_add(struct buf *packet, struct steward_request *q, enum steward_word_kind kind,
                     const char *text)
{
    buf_add_char(packet, (char)kind);
    buf_add(packet, text, strlen(text) + 1);
    q->words++;
}

static int request_send(const struct packages *p, const struct packages_question *q, struct err *e)
{
    AUTO(buf_done) struct buf packet = {0};
    struct steward_request head = {.op = q->op, .upload = q->upload};
    buf_add(&packet, &head, sizeof(head));
    if (q->by != NULL) {
        const struct caller *caller = gate_caller(q->by);
        word_add(&packet, &head, STEWARD_CALLER, caller != NULL ? caller->name : "?");
        word_add(&packet, &head, STEWARD_CLIENT, http_client(q->by));
    }
    for (size_t i = 0; i < q->word_count; i++) {
        word_add(&packet, &head, q->words[i].kind, q->words[i].text);
    }
    memcpy(packet.data, &head, sizeof(head));
    if (packet.len > STEWARD_PACKET_MAX) {
        return err_set(e, ERR_LIMIT, "too many words at once");
    }
    if (p->sock < 0) {
        return err_set(e, ERR_GONE, "there is nobody who could change packages");
    }
    return fd_send(p->sock, packet.data, packet.len, NULL, 0, e);
}

static struct packages_ask *ask_new(struct packages *p)
{
    struct packages_ask *a = xcalloc(1, sizeof(*a));
    a->packages = p;
    a->fd = -1;
    list_init(&a->link);
    return a;
}

static struct packages_ask *ask_send(struct packages_ask *a, const struct packages_question *q)
{
    struct err e;
    if (request_send(a->packages, q, &e) < 0) {
        ask_refuse(a, e.kind, e.text);
    } else {
        list_append(&a->packages->asked, &a->link);
    }
    return a;
}

struct packages_ask *packages_ask(struct packages *p, const struct packages_question *q,
                                  const struct packages_events *events)
{
    struct packages_ask *a = ask_new(p);
    a->events = *events;
    a->upload = q->op == STEWARD_IMAGE_IMPORT ? q->upload : 0;
    return ask_send(a, q);
}

struct packages_ask *packages_upload(struct packages *p, const struct http_request *by,
                                     packages_ready_fn *ready, void *ctx)
{
    const struct packages_question q = {.op = STEWARD_UPLOAD, .by = by};
    struct packages_ask *a = ask_new(p);
    a->is_upload = true;
    a->ready = ready;
    a->ready_ctx = ctx;
    return ask_send(a, &q);
}

static void nobody_hears(void *ctx, const json_t *line)
{
    (void)ctx;
    (void)line;
}

void packages_upload_drop(struct packages *p, uint32_t upload)
{
    const struct packages_question q = {.op = STEWARD_UPLOAD_DROP, .upload = upload};
    const struct packages_events events = {NULL, nobody_hears, NULL};
    (void)packages_ask(p, &q, &events);
}

void packages_forget(struct packages_ask *a)
{
    if (a == NULL) {
        return;
    }
    a->forgotten = true;
    if (a->is_upload && a->over.loop != NULL) { /* its file has come */
        if (a->failure.kind == 0) {
            packages_upload_drop(a->packages, a->upload);
        }
        ask_free(a);
    }
}

int packages_error(const json_t *last, struct err *e)
{
    const char *end = json_string_value(json_object_get(last, "end"));
    const char *said = json_string_value(json_object_get(last, "kind"));
    const char *message = json_string_value(json_object_get(last, "message"));
    if (end != NULL && strcmp(end, "ok") == 0) {
        return 0;
    }
    return err_set(e, err_kind_of_name(said), "%s", message != NULL ? message : "it did not work");
}

bool packages_refused(const json_t *last)
{
    return json_is_true(json_object_get(last, "refused"));
}

/* --- its life --------------------------------------------------------------------------------- */

struct packages *packages_new(struct loop *loop, int sock, const struct log *log)
{
    struct packages *p = xcalloc(1, sizeof(*p));
    struct err e;
    *p = (struct packages){.loop = loop, .log = log, .sock = sock};
    list_init(&p->asked);
    list_init(&p->others);
    if (sock >= 0 && loop_io_add(loop, &p->io, sock, EPOLLIN, on_answer, p, &e) < 0) {
        LOG_ERROR(log, "packages cannot be changed over the API", log_s("error", e.text));
        fd_closep(&p->sock);
    }
    return p;
}

void packages_free(struct packages *p)
{
    if (p == NULL) {
        return;
    }
    struct list *const lists[] = {&p->asked, &p->others};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        LIST_FOR_EACH (node, lists[i]) {
            ask_free(LIST_ITEM(node, struct packages_ask, link));
        }
    }
    loop_io_remove(&p->io);
    fd_close(p->sock);
    free(p);
}
