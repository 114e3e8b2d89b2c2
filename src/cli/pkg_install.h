#pragma once
/*
 * pkg_install - what is to be installed is gathered first, told and asked about, and then
 * installed, several at once (pkg_crew.h).
 */
#include <stdbool.h>
#include <stddef.h>

#include "packages/chooser.h"

struct err;
struct manifest;
struct pkg;
struct shop;

struct order {
    struct choice choice;
    char **libraries; /* owned */
    bool again, pinned;
};

/* What installing needs besides the store; made as far as it is needed. */
int shop_open(struct pkg *p, struct shop **ret, struct err *e);
void shop_close(struct shop *s); /* NULL is fine */
void shop_closep(struct shop **s);
struct chooser *shop_chooser(struct shop *s);

/* What the word means; ERR_NOT_FOUND names another way, where there is one. */
int shop_order_word(struct shop *s, const char *word, struct err *e);
/* One of its own; `there`: installed in its place, whose libraries and pin are kept, or NULL. */
void shop_order(struct shop *s, struct choice choice, const struct manifest *there, bool again);
size_t shop_count(const struct shop *s);
/* Of an order; NULL: it is a package of Piston's. */
const struct recipe *shop_recipe(const struct shop *s, size_t index);

/* Tells how large it is, asks where that is to be, installs; gives an enum cli_status. */
int shop_run(struct shop *s);
/* One order's, without a word: *ret_id (the caller's) is the first runtime that came of it. */
int shop_install(struct shop *s, size_t index, struct err *e);
