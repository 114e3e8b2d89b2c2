#pragma once
/*
 * fake_store - store.h without threads or disk: what is asked is done, in order, when the loop
 * runs, or when the test says so; writes and reads fail when the test says so.
 *
 * Linked in place of the real one.
 */
#include "base/err.h"
#include "model/execution.h"
#include "store/store.h"

struct fake_row {
    struct execution *x; /* as it is "on disk" */
    bool deleted;
};

struct store *fake_store_new(struct loop *loop);
/* What is asked stays undone until fake_store_do. */
void fake_store_hold(struct store *s, bool hold);
void fake_store_do(struct store *s); /* all that was asked, and calls back */
/* What is read from now on is as it was when it was asked for, and comes after the writes. */
void fake_store_slow_reads(struct store *s);
/* 0: they work (again). */
void fake_store_fail_writes(struct store *s, enum err_kind kind);
void fake_store_fail_reads(struct store *s, enum err_kind kind);
void fake_store_damage(struct store *s, const char *id); /* what was asked cannot be read */
/* As an earlier server has left it. */
struct execution *fake_store_left(struct store *s, const char *id, enum execution_state state,
                                  unsigned attempts);
const struct execution *fake_store_row(const struct store *s, const char *id); /* NULL: none */
/* The writes that went well since the last time: i b q f c d; and those that failed: upper case. */
const char *fake_store_writes(struct store *s);
unsigned fake_store_reads(const struct store *s); /* get, get_key, get_many, list */
