#pragma once
/*
 * table - finds things by a text: an intrusive hash table (chains, grows by itself).
 *
 * Zero-initialised is empty.  A node is embedded in its owner, whose key must stay as it is while
 * it is in the table.  Keys may come from strangers: each table has a seed of its own.  One thread.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct table_node {
    struct table_node *next;
    const char *key; /* NULL: in no table */
    uint64_t hash;
};

struct table {
    struct table_node **slots; /* NULL while nothing was ever in it */
    size_t slot_count;         /* a power of two */
    size_t count;
    uint64_t seed;
};

void table_done(struct table *t); /* the nodes' owners are not touched */
/* There must be none with this key yet. */
void table_add(struct table *t, struct table_node *node, const char *key);
struct table_node *table_find(const struct table *t, const char *key); /* NULL: there is none */
void table_remove(struct table *t, struct table_node *node); /* also when it is not in it */
/* One after the other, in no order: the first for NULL, NULL after the last.  Nothing may be added
 * meanwhile, and what comes next must not be removed. */
struct table_node *table_next(const struct table *t, const struct table_node *node);

#define TABLE_ITEM(node, type, member) CONTAINER_OF(node, type, member)
