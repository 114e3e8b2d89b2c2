#pragma once
/*
 * store - what is installed: <data>/packages.
 *
 *   layers/<id>/        trees, each below the root of a box; never changed once they are there
 *   digests/<sha256>    what a layer is: its id, bytes and inodes (a small TOML file)
 *   files/<sha256>[x]   a further name of each larger file of layers, which equal ones share
 *   runtimes/<dir>/     one installed runtime: manifest.toml (manifest.h); <dir> is its recipe's id
 *                       with '/' as '@': "ruby@3.1"
 *   stage/<random>/     half made; its lock tells whether its maker lives
 *   cache/              downloads, by what they must be ("sha256-..."), and ".part" of them
 *   apt/<suite>/        lists and state of apt
 *   recipes/            recipes and custom specs of the operator's own
 *   locks/<dir>         held (flock) while that recipe is installed
 *   lock                held (flock) for moments, while names are put in place or removed
 *   next                the id of the layer that is made next
 *
 * An id is a small number that is never given twice, so that lists of them are short; the digest
 * is of all that a box can see of the tree (paths, types, modes, contents, link targets), so equal
 * trees are one layer whoever made them.  Every change is a rename after what it names has reached
 * the disk: a reader sees all or nothing, whatever is killed.  What happens to a runtime is one
 * rename right in runtimes/: who watches that directory (inotify) misses none.
 *
 * Layers are in use while somebody holds a shared flock on their directory (store_hold): the server
 * for each runtime that it knows, until the last job with it has ended.
 *
 * The directory and all in it belong to who installs; the server only reads.  Functions block.  A
 * struct package_store is for one thread and one installation at a time; any number of them may be
 * open.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boxproto/boxproto.h"

/* STORE_LAYER_FIRST is the first id of a layer. */
#define STORE_DIGEST_CHARS 64
#define STORE_LAYER_TIME   946684800 /* the mtime of all in a layer: 2000-01-01 */

struct err;
struct manifest;
struct package_store;

/* `write`: makes what is missing, and removes what the dead have left. */
int package_store_open(const char *packages_dir, bool write, struct package_store **ret,
                       struct err *e);
/* Layers that it has committed and nobody has named are removed: they are of an installation that
 * failed.  NULL is fine. */
void package_store_close(struct package_store *s);
void package_store_closep(struct package_store **s);
int store_fd(const struct package_store *s); /* of the directory; stays the store's */

/* --- making ------------------------------------------------------------------------------- */

struct stage {
    struct package_store *store;
    char *name;
    int fd;      /* of stage/<name> */
    int tree_fd; /* of its "root": the tree that is being made */
    /* There are "root" and "work": those of an overlay, where a box writes to it. */
};

int store_stage(struct package_store *s, struct stage *ret, struct err *e);
void stage_done(struct stage *st); /* removes it; fine when it was committed or never made */

struct layer {
    uint32_t id;
    char digest[STORE_DIGEST_CHARS + 1];
    uint64_t bytes;  /* on the disk, if it were alone there */
    uint64_t shared; /* of them: were there for others when it was made */
    uint64_t inodes;
};

/*
 * Takes the stage's tree as a layer: walked by descriptors, nothing followed; owner, modes and
 * times made plain (owned by us; 0755 for directories and what the owner may execute, else 0644; a
 * fixed time), no attributes but those of opaque directories (user.overlay.opaque); devices,
 * sockets and fifos refused but for overlayfs' whiteouts, what is below dev, proc, sys, box, tmp
 * and run left out; hashed; synced; renamed.  An equal one that is there already is taken instead.
 *
 * The layer is held until store_put has named it: no store_collect of others takes it.  The stage
 * is still to be ended with stage_done.
 */
int store_commit(struct stage *st, struct layer *ret, struct err *e);
int store_layer(const struct package_store *s, uint32_t id, struct layer *ret, struct err *e);
/* Reads the whole tree again: ERR_INVALID when it is not what its digest says. */
int store_verify(const struct package_store *s, uint32_t id, struct err *e);

/* --- runtimes ------------------------------------------------------------------------------ */

/* Puts it in place of the one with the same id, if there is one.  ERR_NOT_FOUND when a layer that
 * it names is gone: hold what you build on. */
int store_put(struct package_store *s, const struct manifest *m, struct err *e);
int package_store_get(const struct package_store *s, const char *id, struct manifest **ret,
                      struct err *e);
/* Sorted by id; *ret and what is in it are the caller's.  One that cannot be read is told to `say`
 * and left out. */
size_t package_store_list(const struct package_store *s, struct manifest ***ret,
                          void (*say)(void *ctx, const struct err *e), void *ctx);
/* ERR_NOT_FOUND; ERR_BUSY when another runtime stands on it (the text names it).  Its layers are
 * left to store_collect. */
int store_remove(struct package_store *s, const char *id, struct err *e);
/*
 * Removes layers that no runtime names, also those that this store has committed and not put.
 * Those that are in use are waited for when `wait`, else left; *ret_left says how many.  Nothing is
 * removed while there is a manifest that cannot be read: the error names it.  *ret_bytes is what
 * the file system gets back: a file that other layers have, too, is none of it.
 */
int store_collect(struct package_store *s, bool wait, uint64_t *ret_bytes, unsigned *ret_left,
                  struct err *e);

/* Makes equal files of layers one, also of those that were made before it was done at once;
 * *ret_saved grows by what became free.  Layers that are in use are left. */
int store_share(struct package_store *s, uint64_t *ret_saved, struct err *e);

/* The layer's tree, to be read: a descriptor (O_CLOEXEC), or -1 with errno.  layers/ may be a
 * mount of its own. */
int store_layer_open(int packages_fd, uint32_t id);

/* One descriptor for each, with a shared lock; ERR_NOT_FOUND when one is gone. */
int store_hold(int packages_fd, const uint32_t *ids, size_t count, int *ret_fds, struct err *e);

/* Two installations of one recipe at once: the second waits, then finds it there.  Closed to let
 * go.  `wait`: else ERR_BUSY. */
int store_lock_recipe(struct package_store *s, const char *id, bool wait, int *ret_fd,
                      struct err *e);
