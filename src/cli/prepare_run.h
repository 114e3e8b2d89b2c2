#pragma once
/*
 * prepare_run - makes what is missing of what the recipes of this host want prepared.
 */
#include <stdbool.h>
#include <stdint.h>

struct config;
struct err;
struct log;
struct owned_dir;
struct preparation_wanted;

/* Each may be NULL. */
struct prepare_observer {
    void (*begin)(void *ctx, const struct preparation_wanted *w);
    void (*made)(void *ctx, const struct preparation_wanted *w, uint64_t bytes, uint64_t ns);
    void (*failed)(void *ctx, const struct preparation_wanted *w, const struct err *why);
    void *ctx;
};

/*
 * `names`: as in preparations_choose.  `again`: also what has failed before; and when another one
 * is at it, waits for that.  -ERR_BUSY without `again` when there is another one.  0 also when
 * single ones failed, which the observer is told.  Changes the limits of `config`.
 */
int prepare_run(struct config *config, const struct owned_dir *dir, char *const *names, bool again,
                const struct prepare_observer *observer, struct err *e);
/* In the background, in a child of `belljar serve` that has nothing else to do; gives its exit
 * status. */
int prepare_in_background(const struct config *config, const struct owned_dir *dir,
                          const struct log *log);
