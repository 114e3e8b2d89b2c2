#pragma once
/*
 * failing_driver - the driver of a store that fails, or waits, where a test wants it: it hands on
 * to the driver for SQLite what it lets pass.  Set from the test's thread, heard by the store's.
 */
#include "base/err.h"
#include "store/store_driver.h"

#define FAILING_OPS(X)                                                                             \
    X(BEGIN)                                                                                       \
    X(COMMIT)                                                                                      \
    X(INSERT)                                                                                      \
    X(BEGIN_RUN)                                                                                   \
    X(REQUEUE)                                                                                     \
    X(FINISH)                                                                                      \
    X(SET_CALLBACK)                                                                                \
    X(REMOVE)                                                                                      \
    X(PURGE)                                                                                       \
    X(SHRINK)                                                                                      \
    X(GET)                                                                                         \
    X(LIST)                                                                                        \
    X(UNFINISHED)                                                                                  \
    X(CALLBACKS_DUE)                                                                               \
    X(COUNT)

#define FAILING_OP(name) FAILING_##name,
enum failing_op { FAILING_OPS(FAILING_OP) FAILING_OP_COUNT };
#undef FAILING_OP

struct failing_driver;

struct failing_driver *failing_driver_new(void);
void failing_driver_free(struct failing_driver *f);                      /* after the store */
const struct store_driver *failing_driver_use(struct failing_driver *f); /* for store_open_with */

/* From now on that fails with an error of this kind; 0: it works again. */
void failing_driver_set(struct failing_driver *f, enum failing_op op, enum err_kind kind);
/* How often it was asked, whatever came of it. */
unsigned failing_driver_count(struct failing_driver *f, enum failing_op op);

/* Who asks for that waits from now on, before anything is done. */
void failing_driver_hold(struct failing_driver *f, enum failing_op op);
void failing_driver_await_held(struct failing_driver *f, enum failing_op op); /* until one does */
void failing_driver_release(struct failing_driver *f, enum failing_op op);
