#pragma once
/*
 * client_turns - who may be under way: so many in all, so many to one host.
 *
 * Those to one host go in order, the hosts by turns: one that hangs, and has thousands waiting,
 * delays nobody else's.
 */
#include "base/list.h"

struct client_turns;
struct client_turn_host;

struct client_turn {            /* embedded, zero-initialised */
    struct client_turns *turns; /* NULL: neither waiting nor under way */
    struct client_turn_host *host;
    struct list link; /* linked while waiting */
    void (*fn)(void *ctx);
    void *ctx;
};

struct client_turns *client_turns_new(unsigned max, unsigned host_max);
void client_turns_stop(struct client_turns *t); /* nobody begins any more */
void client_turns_free(struct client_turns *t); /* all turns were given back; NULL is fine */
/* Calls fn when it may begin, also from inside. */
void client_turn_take(struct client_turns *t, struct client_turn *turn, const char *host,
                      void (*fn)(void *ctx), void *ctx);
/* It has ended, or no longer waits; others may begin from inside.  Fine when it was not taken. */
void client_turn_give(struct client_turn *turn);
