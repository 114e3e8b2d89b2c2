/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/filter_list.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

#define X32_BIT     UINT32_C(0x40000000)
#define ACTIONS_MAX 8

/* From `first` up to the next span's. */
struct span {
    uint32_t first, action;
};

/* The tree's decisions, and behind them the returns that its leaves jump to. */
struct tree {
    struct sock_filter *code;
    size_t count, decisions;
    uint32_t actions[ACTIONS_MAX];
    size_t action_count;
    bool too_far; /* a jump has eight bits */
};

static int by_number(const void *a, const void *b)
{
    const struct filter_call *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static size_t add_span(struct span *spans, size_t count, uint32_t first, uint32_t action)
{
    if (count > 0 && spans[count - 1].first == first) {
        count--; /* nothing was in between */
    }
    if (count > 0 && spans[count - 1].action == action) {
        return count;
    }
    spans[count] = (struct span){first, action};
    return count + 1;
}

/* `spans` has room for two each, and one. */
static size_t spans_of(const struct filter_call *calls, size_t count, uint32_t otherwise,
                       struct span *spans)
{
    size_t spans_count = add_span(spans, 0, 0, otherwise);
    for (size_t i = 0; i < count; i++) {
        spans_count = add_span(spans, spans_count, calls[i].number, calls[i].action);
        spans_count = add_span(spans, spans_count, calls[i].number + 1, otherwise);
    }
    return spans_count;
}

static size_t return_of(struct tree *t, uint32_t action)
{
    size_t i = 0;
    while (i < t->action_count && t->actions[i] != action) {
        i++;
    }
    if (i == t->action_count) {
        t->actions[t->action_count++] = action;
    }
    return t->decisions + i;
}

static uint8_t jump(struct tree *t, size_t from, size_t to)
{
    size_t distance = to - from - 1;
    t->too_far |= distance > UINT8_MAX;
    return (uint8_t)distance;
}

/* Two spans or more: a decision, those below its number, those from it on. */
static void put_spans(struct tree *t, const struct span *spans, size_t count)
{
    size_t half = count / 2, at = t->count++;
    size_t below = half == 1 ? return_of(t, spans[0].action) : at + 1;
    size_t above = count - half == 1 ? return_of(t, spans[half].action) : at + half;
    t->code[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, spans[half].first,
                                               jump(t, at, above), jump(t, at, below));
    if (half > 1) {
        put_spans(t, spans, half);
    }
    if (count - half > 1) {
        put_spans(t, spans + half, count - half);
    }
}

/* -1 is no call of x32, but the number that a tracer gives a call that it skips. */
static void put_architecture(struct buf *ret, uint32_t foreign)
{
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, foreign),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __x86_64__
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, foreign),
#endif
    };
    buf_add(ret, code, sizeof(code));
}

int filter_list_bytes(struct filter_call *calls, size_t count, uint32_t otherwise, uint32_t foreign,
                      struct buf *ret, struct err *e)
{
    qsort(calls, count, sizeof(*calls), by_number);
    AUTO(mem_freep) struct span *spans = xcalloc(2 * count + 1, sizeof(*spans));
    size_t span_count = spans_of(calls, count, otherwise, spans);
    AUTO(mem_freep)
    struct sock_filter *code = xcalloc(span_count + ACTIONS_MAX, sizeof(*code));
    struct tree t = {.code = code, .decisions = span_count - 1};
    if (span_count > 1) {
        put_spans(&t, spans, span_count);
    } else {
        return_of(&t, otherwise);
    }
    for (size_t i = 0; i < t.action_count; i++) {
        t.code[t.count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, t.actions[i]);
    }
    if (t.too_far) {
        return err_set(e, ERR_BUG, "the system call filter has too many ranges (%zu) for its jumps",
                       span_count);
    }
    put_architecture(ret, foreign);
    buf_add(ret, t.code, t.count * sizeof(*t.code));
    return 0;
}
