#pragma once
/*
 * list - an intrusive doubly linked ring.  A head and an unlinked node both point to themselves.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct list {
    struct list *prev, *next;
};

static inline void list_init(struct list *l)
{
    l->prev = l->next = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_append(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

static inline void list_prepend(struct list *head, struct list *node)
{
    list_append(head->next, node);
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#define LIST_ITEM(node, type, member) CONTAINER_OF(node, type, member)
/* `node` may be removed in the body. */
#define LIST_FOR_EACH(node, head)                                                                  \
    for (struct list *node = (head)->next, *node##_next = (node)->next; (node) != (head);          \
         (node) = node##_next, node##_next = (node)->next)
