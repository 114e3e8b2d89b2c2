#pragma once
/*
 * data_dir - the data directory, or a temporary one.
 *
 *   DIR/belljar.lock   locked by the one server that uses it; holds its process number
 *   DIR/state          what the server process may write to: it belongs to that process' user
 *
 * The directory itself may belong to root: the server gets a descriptor of state, no path.
 */
#include <stdbool.h>
#include <sys/types.h>

#define DATA_DIR_STATE "state"
#define DATA_DIR_STORE "store.db" /* in there */

struct err;
struct instance;

struct data_dir {
    char *path;
    bool temporary;
    int dir_fd, lock_fd, state_fd;
};

/*
 * path "": makes a temporary one below $TMPDIR, and notes it with the instance.  ERR_BUSY, naming
 * the holder, when another server uses it.
 */
int data_dir_open(struct data_dir *d, const char *path, struct instance *instance, uid_t uid,
                  gid_t gid, struct err *e);
/* Removes it when it is temporary.  The first failure is told. */
int data_dir_close(struct data_dir *d, struct instance *instance, struct err *e);
