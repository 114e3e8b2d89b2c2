/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_turns.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"

/* Lives while it has turns. */
struct client_turn_host {
    struct table_node node;
    char *name;
    unsigned under_way;
    struct list waiting;
    struct list link; /* in client_turns.ready: has waiting ones, and room for another */
};

struct client_turns {
    unsigned max, host_max, under_way;
    struct table hosts; /* users choose them, and there may be many */
    struct list ready;
};

struct client_turns *client_turns_new(unsigned max, unsigned host_max)
{
    struct client_turns *t = xcalloc(1, sizeof(*t));
    t->max = max;
    t->host_max = host_max;
    list_init(&t->ready);
    return t;
}

void client_turns_stop(struct client_turns *t)
{
    t->max = 0;
}

void client_turns_free(struct client_turns *t)
{
    if (t) {
        table_done(&t->hosts);
        free(t);
    }
}

static struct client_turn_host *host_get(struct client_turns *t, const char *name)
{
    struct table_node *found = table_find(&t->hosts, name);
    if (found) {
        return TABLE_ITEM(found, struct client_turn_host, node);
    }
    struct client_turn_host *host = xcalloc(1, sizeof(*host));
    host->name = xstrdup(name);
    list_init(&host->waiting);
    list_init(&host->link);
    table_add(&t->hosts, &host->node, host->name);
    return host;
}

/* After each change: whether it may be called on, or is not needed any more. */
static void host_update(struct client_turns *t, struct client_turn_host *host)
{
    bool waits = !list_empty(&host->waiting);
    bool is_ready = !list_empty(&host->link);
    if (!waits && host->under_way == 0) {
        list_remove(&host->link);
        table_remove(&t->hosts, &host->node);
        free(host->name);
        free(host);
    } else if (waits && host->under_way < t->host_max) {
        if (!is_ready) {
            list_append(&t->ready, &host->link);
        }
    } else {
        list_remove(&host->link);
    }
}

static void call_on(struct client_turns *t)
{
    while (t->under_way < t->max && !list_empty(&t->ready)) {
        struct client_turn_host *host = LIST_ITEM(t->ready.next, struct client_turn_host, link);
        struct client_turn *turn = LIST_ITEM(host->waiting.next, struct client_turn, link);
        list_remove(&turn->link);
        list_remove(&host->link);
        host->under_way++;
        t->under_way++;
        host_update(t, host);
        turn->fn(turn->ctx);
    }
}

void client_turn_take(struct client_turns *t, struct client_turn *turn, const char *host,
                      void (*fn)(void *ctx), void *ctx)
{
    *turn = (struct client_turn){.turns = t, .host = host_get(t, host), .fn = fn, .ctx = ctx};
    list_append(&turn->host->waiting, &turn->link);
    host_update(t, turn->host);
    call_on(t);
}

void client_turn_give(struct client_turn *turn)
{
    struct client_turns *t = turn->turns;
    if (!t) {
        return;
    }
    turn->turns = NULL;
    if (list_empty(&turn->link)) {
        turn->host->under_way--;
        t->under_way--;
    } else {
        list_remove(&turn->link);
    }
    host_update(t, turn->host);
    call_on(t);
}
