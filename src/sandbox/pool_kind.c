/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What spares of a kind are made of, and how they are made.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "sandbox/pool_impl.h"

#define KINDS_MAX 64

/* A spare that ended: its kind may have become impossible. */
#define FAILED_NS (60 * NS_PER_S)

/* About as long as an interpreter works until it opens its file; it tells nobody. */
#define WARMING_NS (25 * NS_PER_MS)

/* --- identity ------------------------------------------------------------------------------ */

static void number_add(struct buf *b, uint64_t n)
{
    buf_add(b, &n, sizeof(n));
}

static void strings_add(struct buf *b, char *const *v)
{
    number_add(b, strv_len(v));
    for (; v && *v; v++) {
        buf_add(b, *v, strlen(*v) + 1);
    }
}

static void spec_add(struct buf *b, const struct box_spec *s)
{
    number_add(b, s->class);
    number_add(b, s->network);
    number_add(b, s->maxima.memory_bytes);
    number_add(b, s->maxima.disk_bytes);
    number_add(b, s->maxima.disk_inodes);
    number_add(b, s->maxima.processes);
    number_add(b, s->maxima.cpu_milli);
    number_add(b, s->layer_count); /* what follows is no layer */
    buf_add(b, s->layers, s->layer_count * sizeof(s->layers[0]));
}

/* cpu_ns: in seconds, as a process is told of it. */
static void program_add(struct buf *b, const struct box_program *p, const char *wait)
{
    buf_add(b, wait, strlen(wait) + 1);
    strings_add(b, p->argv);
    strings_add(b, p->env);
    number_add(b, p->stdio);
    number_add(b, p->merge_stderr);
    number_add(b, (p->cpu_ns + NS_PER_S - 1) / NS_PER_S);
    number_add(b, p->stack_bytes);
    number_add(b, p->address_bytes);
    number_add(b, p->file_bytes);
    number_add(b, p->data_bytes);
    number_add(b, p->open_files);
    number_add(b, p->processes);
}

static void identity_of(const struct pool_need *need, struct buf *ret)
{
    spec_add(ret, need->spec);
    if (need->wait) {
        program_add(ret, need->program, need->wait);
    }
}

static struct pool_kind *kind_with(struct pool *p, const struct buf *identity)
{
    LIST_FOR_EACH (node, &p->kinds) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (k->identity.len == identity->len &&
            memcmp(k->identity.data, identity->data, identity->len) == 0) {
            return k;
        }
    }
    return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

static void program_copy(struct pool_kind *k, const struct box_program *p)
{
    k->argv = strv_dup(p->argv);
    k->env = strv_dup(p->env);
    k->program = *p;
    k->program.argv = k->argv;
    k->program.env = k->env;
    k->program.collect = NULL;
    k->program.archive = NULL;
    k->program.archive_size = 0;
    k->program.archive_fd = -1;
}

static struct pool_kind *kind_new(struct pool *p, const struct pool_need *need)
{
    struct pool_kind *k = xcalloc(1, sizeof(*k));
    k->pool = p;
    k->id = ++p->last_id;
    k->spec = *need->spec;
    memcpy(k->layers, need->spec->layers, need->spec->layer_count * sizeof(k->layers[0]));
    k->spec.layers = k->layers;
    if (need->wait) {
        program_copy(k, need->program);
        k->wait = xstrdup(need->wait);
    }
    k->language = xstrdup(need->language);
    list_init(&k->spares);
    list_init(&k->link);
    p->kind_count++;
    return k;
}

void kind_let_go(struct pool_kind *k)
{
    LIST_FOR_EACH (node, &k->spares) {
        spare_free(LIST_ITEM(node, struct spare, link));
    }
}

void kind_free(struct pool_kind *k)
{
    kind_let_go(k);
    list_remove(&k->link);
    k->pool->kind_count--;
    strv_free(k->argv);
    strv_free(k->env);
    buf_done(&k->identity);
    free(k->wait);
    free(k->language);
    free(k);
}

/* The one that was asked for longest ago makes room. */
static void kinds_bound(struct pool *p)
{
    for (struct list *node = p->kinds.prev; p->kind_count >= KINDS_MAX && node != &p->kinds;) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        node = node->prev;
        if (!k->kept) {
            kind_free(k);
        }
    }
}

struct pool_kind *kind_ask(struct pool *p, const struct pool_need *need)
{
    AUTO(buf_done) struct buf identity = {0};
    identity_of(need, &identity);
    uint64_t now = loop_now_ns(p->loop);
    struct pool_kind *k = kind_with(p, &identity);
    if (k) {
        k->asked_twice = true;
    } else {
        kinds_bound(p);
        k = kind_new(p, need);
        k->identity = TAKE(&identity, (struct buf){0});
        k->since_ns = now;
    }
    list_remove(&k->link);
    list_prepend(&p->kinds, &k->link);
    k->asked_ns = now;
    if (k->wanted == 0 && k->asked_twice) {
        k->wanted = 1;
    }
    return k;
}

void kind_missed(struct pool_kind *k)
{
    k->least = 0;
    if (k->made && k->wanted < k->pool->config.depth) {
        k->wanted++;
    }
}

/* --- a spare ------------------------------------------------------------------------------- */

void spare_forget(struct spare *s)
{
    struct pool_kind *k = s->kind;
    list_remove(&s->link);
    k->count--;
    k->pool->count--;
    k->pool->warm_count -= k->wait != NULL;
    free(s);
}

void spare_free(struct spare *s)
{
    box_free(s->box);
    for (size_t i = 0; i < ARRAY_LEN(s->files); i++) {
        fd_close(s->files[i]);
    }
    spare_forget(s);
}

static void spare_on_built(void *ctx)
{
    struct spare *s = ctx;
    struct pool *p = s->kind->pool;
    s->built = true;
    s->ready_ns = loop_now_ns(p->loop) + (s->kind->wait ? WARMING_NS : 0);
    pool_tend_later(p);
}

void kind_failed(struct pool_kind *k, const char *why)
{
    struct pool *p = k->pool;
    k->not_before_ns = loop_now_ns(p->loop) + FAILED_NS;
    kind_let_go(k);
    if (!k->told) {
        k->told = true;
        LOG_WARN(p->log, "a spare box is of no use; programs of this kind start without one",
                 log_s("language", k->language), log_s("kind", k->wait ? "warm" : "plain"),
                 log_s("error", why));
    }
    pool_tend_later(p);
}

static void spare_on_ended(void *ctx, struct box_report *report)
{
    struct spare *s = ctx;
    struct pool_kind *k = s->kind;
    fd_close(report->product_fd);
    spare_free(s);
    if (!sandbox_is_lost(k->pool->sandbox)) {
        kind_failed(k, report->failure.kind ? report->failure.text : "it ended");
    }
}

static int files_make(int files[3], struct err *e)
{
    int r = fd_memfd("belljar-stdin", "", 0, false, &files[0], e);
    if (r == 0) {
        r = fd_memfd("belljar-stdout", "", 0, false, &files[1], e);
    }
    return r < 0 ? r : fd_memfd("belljar-stderr", "", 0, false, &files[2], e);
}

static int spare_warm(struct spare *s, struct err *e)
{
    const struct pool_kind *k = s->kind;
    struct box_program program = k->program;
    int r = program.stdio == BOX_STDIO_FILE ? files_make(s->files, e) : 0;
    if (r < 0) {
        return r;
    }
    memcpy(program.stdio_fds, s->files, sizeof(program.stdio_fds));
    return box_warm(s->box, &program, k->wait, e);
}

int spare_make(struct pool_kind *k, struct err *e)
{
    struct pool *p = k->pool;
    struct spare *s = xcalloc(1, sizeof(*s));
    *s = (struct spare){.kind = k, .files = {-1, -1, -1}};
    const struct box_events events = {.built = spare_on_built, .ended = spare_on_ended, .ctx = s};
    k->made = true;
    list_append(&k->spares, &s->link);
    k->count++;
    p->count++;
    p->warm_count += k->wait != NULL;
    int r = box_new(p->sandbox, &k->spec, &events, &s->box, e);
    if (r == 0 && k->wait) {
        r = spare_warm(s, e);
    }
    if (r < 0) {
        spare_free(s);
    }
    return r;
}
