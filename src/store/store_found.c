/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_driver.h"

#define FIRST_ROOM 16

/* The room is a power of two, and full when the count is one. */
void store_found_add(struct store_found *found, struct execution *x)
{
    size_t count = found->count;
    if (count == 0) {
        found->all = xreallocarray(found->all, FIRST_ROOM, sizeof(struct execution *));
    } else if (count >= FIRST_ROOM && (count & (count - 1)) == 0) {
        found->all = xreallocarray(found->all, count * 2, sizeof(struct execution *));
    }
    found->all[found->count++] = x;
}

void store_found_done(struct store_found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        execution_unref(found->all[i]);
    }
    free(found->all);
    *found = (struct store_found){0};
}
