/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_store.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"

#define ROWS 64

struct store {
    struct loop *loop;
    struct loop_defer work;
    struct list asked;
    bool hold, slow_reads;
    const char *damaged;
    enum err_kind write_failure, read_failure;
    struct execution *rows[ROWS];
    size_t count;
    char writes[128], told[128];
    unsigned reads;
};

struct store_call {
    struct store *store;
    struct list link;
    char what; /* a letter of fake_store_writes; g get, y get_key, m get_many, l list, u unfinished,
                  k callbacks due */
    struct execution *x; /* of a slow get: what it will tell */
    char (*ids)[EXECUTION_ID_MAX + 1];
    size_t id_count;
    unsigned number, parts;
    char *caller, *key;
    struct store_filter filter; /* its texts are the caller's: literals */
    uint64_t at_ns, after;
    size_t limit;
    struct execution moment; /* of x, when it was asked: numbers only */
    store_done_fn *done;
    store_got_fn *got;
    store_listed_fn *listed;
    void *ctx;
    bool cancelled, is_slow;
};

/* --- rows -------------------------------------------------------------------------------- */

static size_t row_find(const struct store *s, const char *id)
{
    size_t i = 0;
    while (i < s->count && (!s->rows[i] || strcmp(s->rows[i]->id, id) != 0)) {
        i++;
    }
    return i;
}

const struct execution *fake_store_row(const struct store *s, const char *id)
{
    size_t i = row_find(s, id);
    return i < s->count ? s->rows[i] : NULL;
}

static struct execution *copy_of(const struct execution *x, unsigned parts)
{
    struct execution *copy = execution_new();
    *copy = *x;
    copy->refs = 1;
    copy->caller = xstrdup(x->caller);
    copy->label = xstrdup(x->label);
    copy->idempotency = xstrdup(x->idempotency);
    copy->request = xstrdup(x->request);
    copy->result = xstrdup(x->result);
    memset(copy->parts, 0, sizeof(copy->parts));
    for (unsigned i = 0; i < EXECUTION_PARTS; i++) {
        if (parts & (1U << i) && x->parts[i].data) {
            execution_set_part(copy, i, x->parts[i].data, x->parts[i].len);
        }
    }
    return copy;
}

static struct execution *row_add(struct store *s, struct execution *x)
{
    assert_true(s->count < ROWS);
    s->rows[s->count] = x;
    x->seq = ++s->count;
    return x;
}

struct execution *fake_store_left(struct store *s, const char *id, enum execution_state state,
                                  unsigned attempts)
{
    struct execution *x = execution_new();
    snprintf(x->id, sizeof(x->id), "%s", id);
    snprintf(x->dialect, sizeof(x->dialect), "test");
    x->state = state;
    x->attempts = attempts;
    x->caller = xstrdup("127.0.0.1");
    x->request = xstrdup("{}");
    execution_set_part(x, PART_SOURCE, "echo", strlen("echo"));
    return row_add(s, x);
}

/* --- what is asked, and done ------------------------------------------------------------- */

static void on_work(void *ctx)
{
    fake_store_do(ctx);
}

static struct store_call *ask(struct store *s, char what, const char *const *ids, size_t count,
                              void *ctx)
{
    struct store_call *c = xcalloc(1, sizeof(*c));
    c->store = s;
    c->what = what;
    c->ctx = ctx;
    c->id_count = count;
    c->ids = xcalloc(count + 1, sizeof(c->ids[0]));
    for (size_t i = 0; i < count; i++) {
        snprintf(c->ids[i], sizeof(c->ids[i]), "%s", ids[i]);
    }
    list_append(&s->asked, &c->link);
    if (!s->hold) {
        loop_defer(s->loop, &s->work, on_work, s);
    }
    return c;
}

static void call_free(struct store_call *c)
{
    list_remove(&c->link);
    execution_unref(c->x);
    free(c->ids);
    free(c->caller);
    free(c->key);
    free(c);
}

static void finish(const struct store_call *c, struct execution *row)
{
    const struct execution *x = c->x;
    row->state = c->moment.state;
    row->status = c->moment.status;
    row->callback = c->moment.callback;
    row->finished_ns = c->moment.finished_ns;
    row->started_ns = c->moment.started_ns;
    free(row->result);
    row->result = xstrdup(x->result);
    for (unsigned i = PART_STDOUT; i < EXECUTION_PARTS; i++) {
        if (x->parts[i].data) {
            execution_set_part(row, i, x->parts[i].data, x->parts[i].len);
        }
    }
}

static enum err_kind change(const struct store_call *c)
{
    struct store *s = c->store;
    size_t at = row_find(s, c->ids[0]);
    struct execution *row = at < s->count ? s->rows[at] : NULL;
    if (s->write_failure) {
        return s->write_failure;
    }
    if (c->what == 'i') {
        struct execution *fresh = copy_of(c->x, PARTS_ASKED);
        fresh->state = c->moment.state;
        fresh->attempts = c->moment.attempts;
        fresh->started_ns = c->moment.started_ns;
        row_add(s, fresh);
        c->x->seq = fresh->seq;
        return 0;
    }
    if (!row) {
        return ERR_NOT_FOUND;
    }
    bool over = execution_is_over(row);
    if (c->what == 'b' && !over) {
        row->state = EXECUTION_RUNNING;
        row->attempts = c->number;
        row->started_ns = c->at_ns;
    } else if (c->what == 'q' && !over) {
        row->state = EXECUTION_QUEUED;
        row->attempts = c->number;
    } else if (c->what == 'f' && !over) {
        finish(c, row);
    } else if (c->what == 'c') {
        row->callback = c->number;
    } else if (c->what == 'd') {
        execution_unref(row);
        s->rows[at] = NULL;
    }
    return 0;
}

static void do_write(const struct store_call *c)
{
    enum err_kind kind = change(c);
    char letter[] = {(char)(kind ? toupper(c->what) : c->what), '\0'};
    strncat(c->store->writes, letter, sizeof(c->store->writes) - strlen(c->store->writes) - 1);
    struct err why;
    if (kind) {
        err_set(&why, kind, "the fake store fails");
    }
    if (!c->cancelled) {
        c->done(c->ctx, kind ? &why : NULL);
    }
}

static bool is_listed(const struct store_call *c, const struct execution *x)
{
    bool over = execution_is_over(x);
    return x->seq > c->after && (c->what == 'u' ? !over : over && x->callback == CALLBACK_DUE);
}

static void do_list(const struct store_call *c)
{
    const struct store *s = c->store;
    struct execution *found[ROWS] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < s->count && count < c->limit; i++) {
        if (s->rows[i] && is_listed(c, s->rows[i])) {
            found[count++] = copy_of(s->rows[i], 0);
        }
    }
    c->listed(c->ctx, found, count, count, NULL);
    for (size_t i = 0; i < count; i++) {
        execution_unref(found[i]);
    }
}

static bool is_text(const char *wanted, const char *text)
{
    return !wanted || (text && strcmp(wanted, text) == 0);
}

/* The newest first. */
static void do_filter(const struct store_call *c)
{
    const struct store *s = c->store;
    const struct store_filter *f = &c->filter;
    struct execution *found[ROWS] = {NULL};
    size_t count = 0;
    for (size_t i = s->count; i-- > 0 && count < f->limit;) {
        const struct execution *x = s->rows[i];
        if (x && (f->before == 0 || x->seq < f->before) &&
            (f->states == 0 || f->states >> x->state & 1) && is_text(f->caller, x->caller) &&
            is_text(f->label, x->label)) {
            found[count++] = copy_of(x, c->parts);
        }
    }
    c->listed(c->ctx, found, count, 0, NULL);
    for (size_t i = 0; i < count; i++) {
        execution_unref(found[i]);
    }
}

static const struct execution *key_row(const struct store *s, const struct store_call *c)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct execution *x = s->rows[i];
        if (x && x->idempotency && is_text(c->caller, x->caller) &&
            is_text(c->key, x->idempotency)) {
            return x;
        }
    }
    return NULL;
}

static void do_get_many(const struct store_call *c)
{
    struct execution *found[ROWS];
    for (size_t i = 0; i < c->id_count; i++) {
        const struct execution *row = fake_store_row(c->store, c->ids[i]);
        found[i] = row ? copy_of(row, c->parts) : NULL;
    }
    c->listed(c->ctx, found, c->id_count, c->id_count, NULL);
    for (size_t i = 0; i < c->id_count; i++) {
        execution_unref(found[i]);
    }
}

static bool is_damaged(const struct store_call *c)
{
    const char *id = c->store->damaged;
    return c->got && (c->parts & PARTS_ASKED) && id && strcmp(id, c->ids[0]) == 0;
}

static void do_read(const struct store_call *c)
{
    struct store *s = c->store;
    struct err why;
    const struct err *failed = NULL;
    if (s->read_failure || is_damaged(c)) {
        err_set(&why, s->read_failure ? s->read_failure : ERR_IO, "the fake store cannot be read");
        failed = &why;
    }
    if (c->got) {
        const struct execution *row = failed       ? NULL
                                      : c->is_slow ? c->x
                                      : c->key     ? key_row(s, c)
                                                   : fake_store_row(s, c->ids[0]);
        s->reads++;
        c->got(c->ctx, row ? copy_of(row, c->parts) : NULL, failed);
    } else if (failed) {
        c->listed(c->ctx, NULL, 0, 0, failed);
    } else if (c->what == 'm') {
        s->reads++;
        do_get_many(c);
    } else if (c->what == 'l') {
        s->reads++;
        do_filter(c);
    } else {
        do_list(c);
    }
}

/* What is asked from the callbacks comes next time. */
void fake_store_do(struct store *s)
{
    struct list now, late;
    list_init(&now);
    list_init(&late);
    LIST_FOR_EACH (node, &s->asked) {
        list_remove(node);
        list_append(&now, node);
    }
    LIST_FOR_EACH (node, &now) {
        if (LIST_ITEM(node, struct store_call, link)->is_slow) {
            list_remove(node);
            list_append(&late, node);
        }
    }
    while (!list_empty(&now) || !list_empty(&late)) {
        struct list *from = list_empty(&now) ? &late : &now;
        struct store_call *c = LIST_ITEM(from->next, struct store_call, link);
        list_remove(&c->link);
        if (c->done) {
            do_write(c);
        } else if (!c->cancelled) {
            do_read(c);
        }
        call_free(c);
    }
}

/* --- the test's side --------------------------------------------------------------------- */

struct store *fake_store_new(struct loop *loop)
{
    struct store *s = xcalloc(1, sizeof(*s));
    s->loop = loop;
    list_init(&s->asked);
    return s;
}

void fake_store_hold(struct store *s, bool hold)
{
    s->hold = hold;
    if (hold) {
        loop_defer_cancel(&s->work);
    } else {
        loop_defer(s->loop, &s->work, on_work, s);
    }
}

void fake_store_slow_reads(struct store *s)
{
    s->slow_reads = true;
}

void fake_store_fail_writes(struct store *s, enum err_kind kind)
{
    s->write_failure = kind;
}

void fake_store_fail_reads(struct store *s, enum err_kind kind)
{
    s->read_failure = kind;
}

void fake_store_damage(struct store *s, const char *id)
{
    s->damaged = id;
}

const char *fake_store_writes(struct store *s)
{
    memcpy(s->told, s->writes, sizeof(s->told));
    s->writes[0] = '\0';
    return s->told;
}

unsigned fake_store_reads(const struct store *s)
{
    return s->reads;
}

/* --- store.h ----------------------------------------------------------------------------- */

void store_close(struct store *s)
{
    LIST_FOR_EACH (node, &s->asked) {
        struct store_call *c = LIST_ITEM(node, struct store_call, link);
        c->cancelled = true;
    }
    fake_store_do(s);
    loop_defer_cancel(&s->work);
    for (size_t i = 0; i < s->count; i++) {
        execution_unref(s->rows[i]);
    }
    free(s);
}

void store_cancel(struct store_call *c)
{
    if (c) {
        c->cancelled = true;
    }
}

static struct store_call *ask_of(struct store *s, char what, const char *id, store_done_fn *fn,
                                 void *ctx)
{
    struct store_call *c = ask(s, what, &id, 1, ctx);
    c->done = fn;
    return c;
}

static struct store_call *ask_with(struct store *s, char what, struct execution *x,
                                   store_done_fn *fn, void *ctx)
{
    struct store_call *c = ask_of(s, what, x->id, fn, ctx);
    c->x = execution_ref(x);
    c->moment = *x;
    return c;
}

struct store_call *store_insert(struct store *s, struct execution *x, store_done_fn *fn, void *ctx)
{
    return ask_with(s, 'i', x, fn, ctx);
}

struct store_call *store_begin(struct store *s, const char *id, unsigned attempts,
                               uint64_t started_ns, store_done_fn *fn, void *ctx)
{
    struct store_call *c = ask_of(s, 'b', id, fn, ctx);
    c->number = attempts;
    c->at_ns = started_ns;
    return c;
}

struct store_call *store_requeue(struct store *s, const char *id, unsigned attempts,
                                 store_done_fn *fn, void *ctx)
{
    struct store_call *c = ask_of(s, 'q', id, fn, ctx);
    c->number = attempts;
    return c;
}

struct store_call *store_finish(struct store *s, struct execution *x, store_done_fn *fn, void *ctx)
{
    return ask_with(s, 'f', x, fn, ctx);
}

struct store_call *store_set_callback(struct store *s, const char *id,
                                      enum execution_callback state, store_done_fn *fn, void *ctx)
{
    struct store_call *c = ask_of(s, 'c', id, fn, ctx);
    c->number = state;
    return c;
}

struct store_call *store_delete(struct store *s, const char *id, store_done_fn *fn, void *ctx)
{
    return ask_of(s, 'd', id, fn, ctx);
}

struct store_call *store_get(struct store *s, const char *id, unsigned parts, store_got_fn *fn,
                             void *ctx)
{
    struct store_call *c = ask(s, 'g', &id, 1, ctx);
    c->parts = parts;
    c->got = fn;
    c->is_slow = s->slow_reads;
    const struct execution *row = c->is_slow ? fake_store_row(s, id) : NULL;
    c->x = row ? copy_of(row, parts) : NULL;
    return c;
}

struct store_call *store_get_many(struct store *s, const char *const *ids, size_t count,
                                  unsigned parts, store_listed_fn *fn, void *ctx)
{
    struct store_call *c = ask(s, 'm', ids, count, ctx);
    c->parts = parts;
    c->listed = fn;
    return c;
}

struct store_call *store_get_key(struct store *s, const char *caller, const char *key,
                                 unsigned parts, store_got_fn *fn, void *ctx)
{
    struct store_call *c = ask(s, 'y', &key, 1, ctx);
    c->parts = parts;
    c->got = fn;
    c->caller = xstrdup(caller);
    c->key = xstrdup(key);
    return c;
}

struct store_call *store_list(struct store *s, const struct store_filter *filter, unsigned parts,
                              store_listed_fn *fn, void *ctx)
{
    struct store_call *c = ask(s, 'l', NULL, 0, ctx);
    c->filter = *filter;
    c->parts = parts;
    c->listed = fn;
    return c;
}

struct store_call *store_unfinished(struct store *s, uint64_t after, size_t limit,
                                    store_listed_fn *fn, void *ctx)
{
    struct store_call *c = ask(s, 'u', NULL, 0, ctx);
    c->after = after;
    c->limit = limit;
    c->listed = fn;
    return c;
}

struct store_call *store_callbacks_due(struct store *s, uint64_t after, size_t limit,
                                       store_listed_fn *fn, void *ctx)
{
    struct store_call *c = ask(s, 'k', NULL, 0, ctx);
    c->after = after;
    c->limit = limit;
    c->listed = fn;
    return c;
}
