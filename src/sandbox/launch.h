#pragma once
/*
 * launch - from "a process was started" to "a boxd is running": what the parent of `belljar serve`
 * and `belljar run` do before anything foreign is read.
 *
 *   host_enter       as an ordinary user: one user namespace of our own (with newuidmap's
 *                    ids where /etc/subuid grants some); as root nothing
 *   instance_claim   a number that no other belljar on this host has: it fixes the host ids of the
 * boxes and the name of the cgroup; stale cgroups of a dead predecessor are removed by that name
 *   egress_spawn     where boxes may have a network: belljar-egress, with a user of its own
 *   boxd_spawn       a child in a private mount namespace builds the catalogue on a tmpfs (the
 * layers, a copy of belljar-init, the skeleton of /etc), and becomes belljar-boxd
 *
 * Blocking; before any loop runs.  Not for the server process, which has no privileges.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxproto/boxproto.h"

struct egress_config;
struct err;
struct log;

enum cgroup_choice { CGROUP_AUTO, CGROUP_ONLY_V2, CGROUP_ONLY_V1, CGROUP_NONE };
enum sandbox_require { REQUIRE_FULL, REQUIRE_LIMITS, REQUIRE_NONE };

struct launch_config {
    enum cgroup_choice cgroup;
    const char *cgroup_parent; /* below the cgroup we are in, or an absolute path from the root of
                                  the hierarchy; "" is the one we are in */
    uint32_t boxes;            /* how many may exist at once */
    uint32_t uid_base;         /* first host id of instance 0 */
    uint64_t memory_max, disk_max, inodes_max; /* operator's maxima for one box */
    uint32_t processes_max;
    bool network;         /* boxes may have one: */
    int egress_sock;      /* ... then the other end of it is that of egress_spawn */
    const char *prepared; /* the directory of what `belljar prepare` makes; NULL: there is none */
    const char *packages; /* that of the package store, with layers/ in it; NULL: there is none */
    /* A directory with root/ and work/, both instance_program_uid's: boxes, which must be 1, write
     * to it.  NULL: none does. */
    const char *stage;
    const char *boxd_path, *init_path; /* found beside this executable, or in ../libexec/belljar */
    const struct log *log;
};

/*
 * Layers that the catalogue offers.  On a host whose /bin, /lib ... are directories of their own
 * and no links into /usr, each of them is a layer too, from LAYER_HOST_FIRST_EXTRA on.
 */
enum {
    LAYER_HOST_USR = 1,
    LAYER_SKELETON = 2,
    LAYER_HOST_ETC = 3,
    LAYER_NETWORK = 4,  /* only with a network: on top of all others in boxes that have it */
    LAYER_PREPARED = 5, /* what `belljar prepare` made; only where the launcher offers it */
    LAYER_GUEST = 6,    /* with a package store: on top of its layers, what a box needs of us */
    LAYER_HOST_FIRST_EXTRA = 16,
};
#define LAYER_PREPARED_TARGET "opt/belljar"

/*
 * A root of the package store's layers: [LAYER_NETWORK], LAYER_GUEST, and the ids of layers (from
 * STORE_LAYER_FIRST on), top first, which the directory of that name in layers/ is.
 *
 * The layers that together are this host's own system, top first; gives their number. Any process
 * may ask. */
size_t launch_host_layers(uint32_t ret[BOX_LAYERS_MAX]);

struct instance; /* opaque */

int host_enter(const struct launch_config *config, struct err *e);
int instance_claim(const struct launch_config *config, struct instance **ret, struct err *e);
uint32_t instance_number(const struct instance *i);
uid_t instance_server_uid(
    const struct instance *i); /* an id of the window that no box has; our own uid without root */
/* Whose the files are that the program of box 0 makes, in our user namespace. */
uid_t instance_program_uid(const struct instance *i);
uid_t instance_egress_uid(const struct instance *i); /* likewise, and the server has another */
/*
 * A temporary directory ("/tmp/belljar-x7Qp2a") of this instance: if we are killed before we
 * removed it, the next holder of the number does.  NULL: it is gone.
 */
int instance_note_directory(struct instance *i, const char *path, struct err *e);
/* Why there is no cgroup although one was looked for; NULL when there is one, or none was wanted.
 */
const char *instance_cgroup_lack(const struct instance *i);
/*
 * The cgroup that we were in before the claim, as launch_config.cgroup_parent names it, when we are
 * in one below it now, where nobody can make another; the caller's.  NULL: we are where we were.
 */
char *instance_cgroup_left(const struct instance *i);
/* Removes the cgroups of this instance by name and gives the number back.  NULL is fine. */
void instance_release(struct instance *i);
/* In a forked child: closes what it holds, and gives nothing back. */
void instance_forget(struct instance *i);

/*
 * A program of belljar's that is found where boxd and init are; `layer`: its directory in a build
 * tree.
 */
int launch_program_open(const char *name, const char *layer, int *ret_fd, struct err *e);

/*
 * The way out of boxes with a network: `egress` says what the operator allows; uid and gid are set
 * here.  It ends when the other end of *ret_sock, which boxd_spawn gives to boxd, does.
 */
int egress_spawn(const struct instance *instance, const struct egress_config *egress,
                 pid_t *ret_pid, int *ret_sock, struct err *e);
/*
 * No other boxd of this instance may be alive: what one has left is removed first.
 * ret_sock: the server's end of the boxd connection.  ret_pid: our child; it ends when its socket
 * does. */
int boxd_spawn(const struct launch_config *config, struct instance *instance, pid_t *ret_pid,
               int *ret_sock, struct err *e);
