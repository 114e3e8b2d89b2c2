#pragma once
/*
 * layer_holds - shared locks on layers of the package store: one for each layer, however many
 * runtimes stand on it.  Loop thread only.
 */
#include <stddef.h>
#include <stdint.h>

struct err;
struct runtime;

struct layer_holds;
struct layer_holds *layer_holds_new(int packages_fd); /* not taken; must stay open */
/* What runtimes hold stays held, and goes with them.  NULL is fine. */
void layer_holds_free(struct layer_holds *h);
/*
 * The layers of r that are the store's are held until r ends; from then on r must not be changed.
 * ERR_NOT_FOUND when one is gone.
 */
int layer_holds_take(struct layer_holds *h, struct runtime *r, struct err *e);
