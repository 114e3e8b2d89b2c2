/* SPDX-License-Identifier: Apache-2.0 */
#include "model/execution.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct execution *execution_new(void)
{
    struct execution *x = xcalloc(1, sizeof(*x));
    x->refs = 1;
    x->state = EXECUTION_QUEUED;
    return x;
}

struct execution *execution_ref(struct execution *x)
{
    __atomic_add_fetch(&x->refs, 1, __ATOMIC_RELAXED);
    return x;
}

void execution_unref(struct execution *x)
{
    if (x == NULL || __atomic_sub_fetch(&x->refs, 1, __ATOMIC_ACQ_REL) > 0) {
        return;
    }
    for (size_t i = 0; i < EXECUTION_PARTS; i++) {
        free(x->parts[i].data);
    }
    free(x->caller);
    free(x->label);
    free(x->idempotency);
    free(x->request);
    free(x->result);
    free(x);
}

void execution_unrefp(struct execution **x)
{
    execution_unref(*x);
    *x = NULL;
}

bool execution_is_over(const struct execution *x)
{
    return x->state == EXECUTION_FINISHED || x->state == EXECUTION_CANCELLED;
}

void execution_take_part(struct execution *x, enum execution_part part, char *data, size_t len)
{
    free(x->parts[part].data);
    x->parts[part] = (struct execution_bytes){data, data != NULL ? len : 0};
}

void execution_set_part(struct execution *x, enum execution_part part, const void *data, size_t len)
{
    execution_take_part(x, part, xmemdup(data, len), len);
}

static size_t text_bytes(const char *s)
{
    return s != NULL ? strlen(s) + 1 : 0;
}

size_t execution_bytes(const struct execution *x)
{
    size_t bytes = sizeof(*x) + text_bytes(x->caller) + text_bytes(x->label) +
                   text_bytes(x->idempotency) + text_bytes(x->request) + text_bytes(x->result);
    for (size_t i = 0; i < EXECUTION_PARTS; i++) {
        bytes += x->parts[i].len;
    }
    return bytes;
}
