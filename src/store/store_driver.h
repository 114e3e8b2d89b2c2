#pragma once
/*
 * store_driver - what keeps executions, as the threads of a store ask it: each call blocks until it
 * is done.
 *
 * A connection is used by one thread at a time.  Errors of the kinds ERR_INVALID and ERR_NOT_FOUND
 * speak of the request, and its transaction may go on; any other speaks of the database: what was
 * begun is to be rolled back.  After such an error the connection stays, and the next begin (or
 * read) makes it work again when it can.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/execution.h"
#include "store/store.h"

struct store_conn;
struct store_driver_ops;

enum store_role {
    STORE_WRITER, /* the first to be opened, and the last to be closed */
    STORE_READER,
};

struct store_driver {
    /* The writer makes or migrates the database.  path NULL: in memory, of this connection only. */
    int (*open)(void *ctx, const char *path, enum store_role role, struct store_conn **ret,
                struct err *e);
    void *ctx;
};

struct store_conn { /* the first member of each driver's own */
    const struct store_driver_ops *ops;
    uint64_t executions; /* that were there when it was opened; a writer's only */
};

/* What changes while a program runs, as it was when the store was asked. */
struct store_moment {
    enum execution_state state;
    int32_t status;
    unsigned attempts;
    uint64_t started_ns;
    enum execution_callback callback;
};

struct store_found {
    struct execution **all; /* malloc'd; one reference each, or NULL */
    size_t count;
    uint64_t total; /* of list */
};
void store_found_add(struct store_found *found, struct execution *x);
void store_found_done(struct store_found *found); /* for AUTO */

struct store_size {
    uint64_t bytes; /* of the database */
    uint64_t used;  /* ... without what is free in it */
};

/* What retention takes, and by which time. */
enum store_purge_kind {
    STORE_EXPIRED, /* has an end of its own: expires_ns */
    STORE_AGED,    /* has none: finished_ns */
    STORE_ANY,     /* finished_ns of all */
    STORE_PURGE_KINDS
};

struct store_driver_ops {
    void (*close)(struct store_conn *c);

    /* Writes, each between begin and commit or rollback. */
    int (*begin)(struct store_conn *c, struct err *e);
    int (*commit)(struct store_conn *c, struct err *e); /* failed: rolled back */
    void (*rollback)(struct store_conn *c);
    /* ERR_INVALID when the id is there already, or the idempotency key with its caller. */
    int (*insert)(struct store_conn *c, const struct execution *x,
                  const struct store_moment *moment, uint64_t *ret_seq, struct err *e);
    /* From here to remove: ERR_NOT_FOUND when there is no such id. */
    int (*begin_run)(struct store_conn *c, const char *id, unsigned attempts, uint64_t started_ns,
                     struct err *e);
    int (*requeue)(struct store_conn *c, const char *id, unsigned attempts, struct err *e);
    int (*finish)(struct store_conn *c, const struct execution *x,
                  const struct store_moment *moment, struct err *e);
    int (*set_callback)(struct store_conn *c, const char *id, enum execution_callback state,
                        struct err *e);
    int (*remove)(struct store_conn *c, const char *id, struct err *e);
    /* Deletes at most `max` of those that are over, have no callback due, and whose time is
     * before_ns or earlier, the earliest first. */
    int (*purge)(struct store_conn *c, enum store_purge_kind kind, uint64_t before_ns, unsigned max,
                 unsigned *ret_count, struct err *e);

    /* Outside of begin and commit.  Gives a piece of the free space back to the system. */
    int (*shrink)(struct store_conn *c, struct err *e);

    /* Reads.  Those between hold and let_go see one moment, and cost less; may be NULL. */
    void (*hold)(struct store_conn *c);
    void (*let_go)(struct store_conn *c);
    int (*get)(struct store_conn *c, const char *id, unsigned parts, struct execution **ret,
               struct err *e); /* NULL: there is none */
    int (*get_key)(struct store_conn *c, const char *caller, const char *key, unsigned parts,
                   struct execution **ret, struct err *e); /* likewise */
    int (*list)(struct store_conn *c, const struct store_filter *filter, unsigned parts,
                struct store_found *ret, struct err *e);
    int (*unfinished)(struct store_conn *c, uint64_t after, size_t limit, struct store_found *ret,
                      struct err *e);
    int (*callbacks_due)(struct store_conn *c, uint64_t after, size_t limit,
                         struct store_found *ret, struct err *e);
    int (*count)(struct store_conn *c, const char *dialect, uint64_t now_ns,
                 struct store_statistics *ret, struct err *e); /* lists are malloc'd */
    int (*size)(struct store_conn *c, struct store_size *ret, struct err *e);
    /* The time of the first that purge would take; 0: there is none. */
    int (*first)(struct store_conn *c, enum store_purge_kind kind, uint64_t *ret_ns, struct err *e);
};

extern const struct store_driver store_sqlite;

/* store_open with another driver, for tests. */
int store_open_with(struct loop *loop, const struct store_config *config,
                    const struct store_driver *driver, const struct log *log, struct store **ret,
                    struct err *e);
