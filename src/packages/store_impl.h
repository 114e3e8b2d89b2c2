#pragma once
/*
 * store_impl - what the files store*.c share.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packages/store.h"

struct err;

/* A layer that was committed and is in no manifest yet. */
struct store_held {
    uint32_t id;
    int fd; /* with a shared lock */
};

struct package_store {
    int fd;
    bool write;
    struct store_held *held;
    size_t held_count;
};

/* Names below store_fd(). */
#define STORE_LAYERS   "layers"
#define STORE_DIGESTS  "digests"
#define STORE_RUNTIMES "runtimes"
#define STORE_STAGE    "stage"
#define STORE_LOCKS    "locks"
#define STORE_FILES    "files"
#define STORE_LOCK     "lock"
#define STORE_NEXT     "next"
#define STORE_MANIFEST "manifest.toml"

#define STORE_NAME_MAX 255
struct store_path {
    char text[STORE_NAME_MAX + 32];
};
struct store_path store_layer_path(uint32_t id);
struct store_path store_name_path(const char *folder, const char *name);

/*
 * The lock of all that is put in place or removed; closing the descriptor lets go.  Nobody waits
 * for anything else while having it.
 */
int store_lock(const struct package_store *s, int *ret_fd, struct err *e);
/* flock, as often as a signal is in the way; -1 with errno. */
int store_flock(int fd, int operation);
int store_sync_dir(const struct package_store *s, const char *folder, struct err *e);
/* Puts `text` under a path of the store: written in the stage, synced, renamed, synced again. */
int store_put_text(const struct package_store *s, const struct stage *st, const char *folder,
                   const char *name, const char *text, size_t len, struct err *e);
/* A file of ours, at most `max` bytes. */
struct buf;
int store_read_text(const struct package_store *s, const char *path, size_t max, struct buf *ret,
                    struct err *e);

/* What the dead have left.  Called by store_open. */
int store_clean(struct package_store *s, struct err *e);

/* A directory in stage/ that is locked and empty, with fd; tree_fd is -1. */
int store_stage_empty(struct package_store *s, struct stage *ret, struct err *e);

/* --- layers --------------------------------------------------------------------------------- */

/* All that have a digest and are there, sorted by id; *ret is the caller's. */
int store_layers(const struct package_store *s, struct layer **ret, size_t *ret_count,
                 struct err *e);
int store_layer_of_digest(const struct package_store *s, const char *digest, struct layer *ret,
                          struct err *e);
int store_layer_write(const struct package_store *s, const struct stage *st,
                      const struct layer *layer, struct err *e);
/* With the lock held: one that was never given.  *ret is taken by it. */
int store_next_id(const struct package_store *s, const struct stage *st, uint32_t *ret,
                  struct err *e);
void store_hold_add(struct package_store *s, uint32_t id, int fd); /* takes fd */
void store_hold_drop(struct package_store *s, const uint32_t *ids,
                     size_t count); /* ids NULL: all */
/* Lets go of all that is held, and removes what of it no runtime names and nobody else has.  What
 * cannot be removed is left to store_collect. */
void store_discard(struct package_store *s);

/* --- runtimes ------------------------------------------------------------------------------- */

/* What of a manifest says which layers are in use; made without its recipe. */
struct store_user {
    char *id;
    uint32_t *layers;
    size_t layer_count, own_layer_count;
};

struct store_users {
    struct store_user *all; /* sorted by id */
    size_t count;
};
void store_users_done(struct store_users *u);
/* The first manifest that cannot be read is the error; but that of `except` (an id, or NULL) is
 * not looked at. */
int store_users_read(const struct package_store *s, const char *except, struct store_users *ret,
                     struct err *e);
/* Like store_put; layers that were committed stay held. */
struct manifest;
int store_put_keeping(struct package_store *s, const struct manifest *m, struct err *e);
bool store_users_name(const struct store_users *u, uint32_t layer);

/* "ruby/3.1" is in "ruby@3.1"; ERR_INVALID when it is no id. */
int store_dir_of_id(const char *id, char ret[STORE_NAME_MAX + 1], struct err *e);
/* NULL when it is no such name; else the caller's. */
char *store_id_of_dir(const char *dir);
/* Names in runtimes/, sorted; NULL when there is none. */
int store_runtime_dirs(const struct package_store *s, char ***ret, struct err *e);
