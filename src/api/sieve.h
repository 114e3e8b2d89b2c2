#pragma once
/*
 * sieve - a first look at sources before the sandbox: their length, and patterns that the operator
 * does not want to see.  No defence: whoever wants to, writes around it.
 *
 * Patterns are matched by a thread of its own, with a budget of steps for each, so that none can
 * hold up the server; what cannot be decided within it is a violation that says so, and so is what
 * comes while too much waits to be looked at.  Loop thread
 * only; no callback comes from inside a call.
 */
#include <stdbool.h>
#include <stddef.h>

struct config;
struct err;
struct job;
struct log;
struct loop;
struct sieve;
struct sieve_check;

struct sieve_text {
    const char *name; /* of the file; what violations name */
    const char *data; /* copied */
    size_t size;
};

struct sieve_violation {
    size_t text; /* index of the text */
    char *message;
};

/* All violations at once, in order; valid during the call; count 0: none. */
typedef void sieve_fn(void *ctx, const struct sieve_violation *all, size_t count);

/* ERR_INVALID names a pattern that is none.  Starts no thread while there are no patterns. */
int sieve_new(struct loop *loop, const struct config *config, const struct log *log,
              struct sieve **ret, struct err *e);
void sieve_free(struct sieve *s);        /* NULL is fine */
bool sieve_is_on(const struct sieve *s); /* something is configured */
struct sieve_check *sieve_look(struct sieve *s, const struct sieve_text *texts, size_t count,
                               sieve_fn *fn, void *ctx);
void sieve_cancel(struct sieve_check *c); /* NULL is fine */
