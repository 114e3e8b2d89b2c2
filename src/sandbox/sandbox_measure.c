/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each box uses now: boxd is asked for one after the other.
 */
#include <string.h>

#include "base/err.h"
#include "sandbox/sandbox_impl.h"

#define ASKED_MAX 16

static void walk_tell(void *ctx)
{
    struct sandbox_walk *w = ctx;
    struct walk_listener told[WALK_LISTENERS];
    memcpy(told, w->listeners, sizeof(told));
    memset(w->listeners, 0, sizeof(w->listeners));
    w->under_way = false;
    for (size_t i = 0; i < WALK_LISTENERS; i++) {
        if (told[i].ctx) {
            told[i].done(told[i].ctx); /* may begin another one */
        }
    }
}

static bool box_ask(struct sandbox *s, const struct box *b)
{
    struct box_usage m = {.head = {BOX_MSG_USAGE, b->number}};
    struct err e;
    return sandbox_send(s, &m, sizeof(m), NULL, 0, &e) == 0;
}

static void walk_on(struct sandbox *s)
{
    struct sandbox_walk *w = &s->walk;
    if (!w->under_way) {
        return;
    }
    for (; w->next < s->hello.boxes && w->asked < ASKED_MAX; w->next++) {
        struct box *b = s->boxes[w->next];
        if (b && !b->ended && !s->lost && box_ask(s, b)) {
            w->asked++;
        }
    }
    if (w->asked == 0) {
        loop_defer(s->loop, &w->tell, walk_tell, w);
    }
}

void sandbox_measure(struct sandbox *s, void (*done)(void *ctx), void *ctx)
{
    struct sandbox_walk *w = &s->walk;
    for (size_t i = 0; i < WALK_LISTENERS; i++) {
        if (!w->listeners[i].ctx) {
            w->listeners[i] = (struct walk_listener){done, ctx};
            break;
        }
    }
    if (!w->under_way) {
        w->under_way = true;
        w->next = 0;
        walk_on(s);
    }
}

void walk_answered(struct sandbox *s, const struct box_used *used)
{
    struct box *b = s->boxes[used->head.box];
    if (b) {
        b->measured = (struct box_measure){used->memory_bytes, used->cpu_ns};
    }
    s->walk.asked--;
    walk_on(s);
}

void walk_end(struct sandbox *s)
{
    s->walk.asked = 0;
    s->walk.next = s->hello.boxes;
    walk_on(s);
}

void walk_forget(struct sandbox *s, const void *ctx)
{
    for (size_t i = 0; i < WALK_LISTENERS; i++) {
        if (s->walk.listeners[i].ctx == ctx) {
            s->walk.listeners[i] = (struct walk_listener){0};
        }
    }
}

struct box_measure box_measured(const struct box *b)
{
    return b->measured;
}
