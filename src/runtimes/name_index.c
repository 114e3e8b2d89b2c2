/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/name_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void name_index_done(struct name_index *x)
{
    free(x->entries);
    *x = (struct name_index){0};
}

void name_index_add(struct name_index *x, const char *name, size_t position)
{
    x->entries = xreallocarray(x->entries, x->count + 1, sizeof(*x->entries));
    x->entries[x->count++] = (struct name_entry){name, position};
}

static int entry_order(const void *left, const void *right)
{
    const struct name_entry *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

void name_index_sort(struct name_index *x)
{
    if (x->count > 0) {
        qsort(x->entries, x->count, sizeof(*x->entries), entry_order);
    }
}

/* The first entry that does not come before the name. */
static size_t lower_bound(const struct name_index *x, const char *name)
{
    size_t begin = 0, end = x->count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (strcmp(x->entries[middle].name, name) < 0) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

const struct name_entry *name_index_find(const struct name_index *x, const char *name,
                                         size_t *ret_count)
{
    size_t first = lower_bound(x, name), end = first;
    while (end < x->count && strcmp(x->entries[end].name, name) == 0) {
        end++;
    }
    *ret_count = end - first;
    return *ret_count > 0 ? x->entries + first : NULL;
}
