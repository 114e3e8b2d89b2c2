/* SPDX-License-Identifier: Apache-2.0 */
#include "languages/map.h"

#include "languages/common.h"

#include <stdlib.h>
#include <string.h>

/* Where a key is or would be. */
static size_t map_place(const struct map *m, int64_t key)
{
    uint64_t hash = (uint64_t)key * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(hash ^ hash >> 32) & (m->cap - 1);
    while (m->slots[at].taken && m->slots[at].key != key) {
        at = (at + 1) & (m->cap - 1);
    }
    return at;
}

static void map_grow(struct map *m)
{
    struct map bigger = {.cap = m->cap ? m->cap * 2 : 64, .count = m->count};
    bigger.slots = allocate(bigger.cap, sizeof(*bigger.slots));
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].taken) {
            bigger.slots[map_place(&bigger, m->slots[i].key)] = m->slots[i];
        }
    }
    free(m->slots);
    *m = bigger;
}

struct num *map_at(struct map *m, int64_t key)
{
    if (m->count * 2 >= m->cap) {
        map_grow(m);
    }
    struct map_slot *slot = &m->slots[map_place(m, key)];
    if (!slot->taken) {
        *slot = (struct map_slot){.key = key, .taken = true};
        m->count++;
    }
    return &slot->value;
}

struct num *map_find(const struct map *m, int64_t key)
{
    if (m->cap == 0) {
        return NULL;
    }
    struct map_slot *slot = &m->slots[map_place(m, key)];
    return slot->taken ? &slot->value : NULL;
}

void map_done(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        num_done(&m->slots[i].value);
    }
    free(m->slots);
    *m = (struct map){0};
}

size_t names_number(struct names *n, const char *text, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3U;
    }
    for (;; hash++) {
        struct num *found = map_find(&n->by_hash, (int64_t)hash);
        if (!found) {
            break;
        }
        const struct name *name = &n->names[found->small];
        if (name->len == len && memcmp(name->text, text, len) == 0) {
            return (size_t)found->small;
        }
    }
    n->names = grown(n->names, &n->cap, n->count + 1, sizeof(*n->names));
    char *copy = allocate(len + 1, 1);
    memcpy(copy, text, len);
    n->names[n->count] = (struct name){copy, len};
    *map_at(&n->by_hash, (int64_t)hash) = num_of((int64_t)n->count);
    return n->count++;
}

void names_done(struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->names[i].text);
    }
    free(n->names);
    map_done(&n->by_hash);
    *n = (struct names){0};
}
