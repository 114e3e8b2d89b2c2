#pragma once
/*
 * keys - who may use this server, and how much: names, scopes, rates, ceilings.
 *
 * Keys live in the file `keys.json` of the data directory, which `belljar key` writes and the
 * server watches.  Only SHA-256 of a secret is kept: secrets are 32 random bytes, so no slow hash
 * is needed.  Once the file has had a key, one is needed for everything that is not public, also
 * when all were revoked.  A damaged file is an error at the start; later the keys of before stay,
 * and the log says why.  Loop thread only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"

struct err;
struct log;
struct loop;

#define KEYS_FILE      "keys.json"
#define KEY_NAME_MAX   48 /* letters, digits, . _ - */
#define KEY_SECRET_MAX 64
#define KEYS_MAX       2000

enum key_scope { SCOPE_RUN = 1 << 0, SCOPE_READ = 1 << 1, SCOPE_ADMIN = 1 << 2 }; /* ADMIN: all */

/* What one caller may: a key, or an address where no key is needed.  0 is "no limit of its own". */
struct caller_limits {
    double rate;                /* requests per second */
    unsigned burst;             /* requests at once */
    unsigned running;           /* jobs at one time */
    unsigned queued;            /* jobs that wait, its share of the queue */
    bool network;               /* programs may ask for a network */
    bool cold;                  /* nothing of them is started ahead of their files */
    struct limits run, compile; /* ceilings; output_bytes, disk_* and the like in `run` */
};

struct key {
    char name[KEY_NAME_MAX + 1];
    unsigned scopes;
    struct caller_limits limits;
    uint64_t created_s, revoked_s; /* since 1970; revoked_s 0: it is valid */
    unsigned char hash[32];
};

/* 0: there is none of this name. */
unsigned key_scope_parse(const char *name);
const char *key_scope_name(unsigned scope); /* of one */
bool key_name_is_good(const char *name);

struct keys;

/* No file in the data directory: no keys. */
int keys_open(struct loop *loop, int data_fd, const struct log *log, struct keys **ret,
              struct err *e);
void keys_free(struct keys *k);         /* NULL is fine */
bool keys_needed(const struct keys *k); /* false: open, as no key was ever made */
/* Compares with all, in constant time; NULL: there is none, or it was revoked.  Borrowed until the
 * next round of the loop. */
const struct key *keys_find(const struct keys *k, const char *secret);
const struct key *keys_by_name(const struct keys *k, const char *name); /* NULL: none */

/* --- what `belljar key` does; blocking; atomic, under a lock --------------------------------- */
/* Sets the rest of *key.  ERR_INVALID: the name is in use (that of a revoked key may be used
 * again), or is none. */
int keys_add(int data_fd, struct key *key, char ret_secret[KEY_SECRET_MAX], struct err *e);
int keys_revoke(int data_fd, const char *name, struct err *e);                  /* ERR_NOT_FOUND */
int keys_list(int data_fd, struct key **ret, size_t *ret_count, struct err *e); /* malloc'd */
