/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"

#define SLOTS_MIN   16
#define FNV_PRIME   UINT64_C(0x100000001b3)
#define MIX_FACTOR  UINT64_C(0x9e3779b97f4a7c15)
#define HALF_OF_U64 32

/* FNV-1a from a secret start; the end is mixed, since only the low bits choose a slot. */
static uint64_t hash_of(const struct table *t, const char *key)
{
    uint64_t hash = t->seed;
    for (const char *at = key; *at; at++) {
        hash = (hash ^ (unsigned char)*at) * FNV_PRIME;
    }
    hash = (hash ^ hash >> HALF_OF_U64) * MIX_FACTOR;
    return hash ^ hash >> HALF_OF_U64;
}

static struct table_node **slot_of(const struct table *t, uint64_t hash)
{
    return &t->slots[hash & (t->slot_count - 1)];
}

static void slot_put(const struct table *t, struct table_node *node)
{
    struct table_node **slot = slot_of(t, node->hash);
    node->next = *slot;
    *slot = node;
}

static void table_grow(struct table *t)
{
    struct table old = *t;
    t->slot_count = old.slot_count ? old.slot_count * 2 : SLOTS_MIN;
    t->slots = xcalloc(t->slot_count, sizeof(struct table_node *));
    for (size_t i = 0; i < old.slot_count; i++) {
        for (struct table_node *node = old.slots[i], *next; node; node = next) {
            next = node->next;
            slot_put(t, node);
        }
    }
    free(old.slots);
}

void table_done(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}

void table_add(struct table *t, struct table_node *node, const char *key)
{
    if (!t->slots) {
        t->seed = rand_u64();
    }
    if (t->count >= t->slot_count) {
        table_grow(t);
    }
    node->key = key;
    node->hash = hash_of(t, key);
    slot_put(t, node);
    t->count++;
}

struct table_node *table_find(const struct table *t, const char *key)
{
    if (!t->slots) {
        return NULL;
    }
    uint64_t hash = hash_of(t, key);
    struct table_node *node = *slot_of(t, hash);
    while (node && (node->hash != hash || strcmp(node->key, key) != 0)) {
        node = node->next;
    }
    return node;
}

struct table_node *table_next(const struct table *t, const struct table_node *node)
{
    if (node && node->next) {
        return node->next;
    }
    for (size_t i = node ? (node->hash & (t->slot_count - 1)) + 1 : 0; i < t->slot_count; i++) {
        if (t->slots[i]) {
            return t->slots[i];
        }
    }
    return NULL;
}

void table_remove(struct table *t, struct table_node *node)
{
    if (!node->key) {
        return;
    }
    struct table_node **at = slot_of(t, node->hash);
    while (*at != node) {
        at = &(*at)->next;
    }
    *at = node->next;
    *node = (struct table_node){0};
    t->count--;
}
