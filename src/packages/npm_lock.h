#pragma once
/*
 * npm_lock - npm's package-lock.json (version 3): which packages go where, and what their bytes
 * must be.
 *
 * Only what npm's registry has is taken, by sha512; links, git and file sources are errors.  What
 * is optional and not for this machine is left out, as are development packages and those that
 * come inside another.  Pure.
 */
#include <stddef.h>
#include <stdint.h>

struct err;

struct npm_package {
    char *path;                     /* "node_modules/a/node_modules/@b/c" */
    char *name;                     /* "@b/c" */
    char *version;                  /* "1.2.3" */
    char *tarball;                  /* behind the registry's address: "@b/c/-/c-1.2.3.tgz" */
    char *digest;                   /* "sha512-..." */
    char **bins;                    /* paths in the package that must be executable; NULL: none */
    uint64_t bytes, unpacked_bytes; /* 0: the lock does not say ("size", "unpackedSize": ours) */
};

struct npm_lock {
    struct npm_package *packages; /* a package stands before those inside it */
    size_t count;
};

/* `machine` is as in uname(2). */
int npm_lock_parse(const char *text, size_t len, const char *machine, struct npm_lock **ret,
                   struct err *e);
void npm_lock_free(struct npm_lock *lock); /* NULL is fine */
void npm_lock_freep(struct npm_lock **lock);
