#pragma once
/*
 * launch_cgroup - the directories below which boxd makes its leaves.
 *
 *   v1   per controller:  <the cgroup we are in>/belljar-N/{interactive,batch}
 *   v2   <base>/belljar-N/{interactive,batch}, and belljar-N/supervisor for ourselves where the
 * base is the cgroup that we are in: a cgroup that hands controllers on may hold no process
 *
 * Whoever holds the lock of number N owns every directory of that name.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "boxproto/boxd_config.h"
#include "sandbox/launch.h"

struct buf;

#define CGROUP_NAME_MAX 32

/* One directory that we made. */
struct cgroup_place {
    char *parent_path;
    int parent_fd;
    char name[CGROUP_NAME_MAX]; /* "belljar-N", "belljar-nested-N" */
};

struct launch_cgroup {
    uint32_t kind; /* enum box_cgroup */
    bool has_peak, swap_limited;
    int fds[BOXD_CLASSES][BOXD_CG_COUNT];
    struct cgroup_place places[BOXD_CG_COUNT];
    unsigned place_count;
    bool moved;          /* v2: we are in places[0]/supervisor, and came from places[0].parent */
    struct err why_none; /* kind BOX_CGROUP_NONE although one was looked for: why */
};

void launch_cgroup_init(struct launch_cgroup *c);
/* Chooses, removes what a dead predecessor left under the same name, and makes the directories. */
int launch_cgroup_make(struct launch_cgroup *c, const struct launch_config *config,
                       const char *name, struct err *e);
/* Kills what is left in them, moves us back, removes them. The first failure is told; the rest is
 * still tried. */
int launch_cgroup_remove(struct launch_cgroup *c, struct err *e);
/* Kills and removes the boxes that a dead boxd left in them. */
int launch_cgroup_clear(const struct launch_cgroup *c, struct err *e);
/* Closes the descriptors; in a child, or after launch_cgroup_remove. */
void launch_cgroup_done(struct launch_cgroup *c);

/* --- for the drivers: launch_cgroup_v1.c, launch_cgroup_v2.c --- */

extern const char *const launch_cgroup_class_names[BOXD_CLASSES];

int launch_cgroup_v1_make(struct launch_cgroup *c, const struct launch_config *config,
                          const char *name, struct err *e);
int launch_cgroup_v2_make(struct launch_cgroup *c, const struct launch_config *config,
                          const char *name, struct err *e);
int launch_cgroup_v2_leave(struct launch_cgroup *c, struct err *e);

/*
 * Opens the parent for belljar-N: the configured one, or the cgroup that we are in.  `controller`
 * "" is the v2 hierarchy.  *ret_path is malloc'd.  ERR_NOT_FOUND when this host has no such
 * hierarchy.
 */
int cgroup_base_open(const char *controller, const char *configured, char **ret_path, int *ret_fd,
                     struct err *e);
/* The top directory of the v2 hierarchy, as it is mounted here. */
int cgroup_top_open(char **ret_path, int *ret_fd, struct err *e);
/* Makes `name` in it, after removing what is left of it; takes the path and descriptor into
 * c->places. */
int cgroup_place_add(struct launch_cgroup *c, char *base_path, int base_fd, const char *name,
                     int *ret_dir, struct err *e);
int cgroup_dir_make(int parent_fd, const char *name, int *ret_fd, struct err *e);
int cgroup_file_write(int dir_fd, const char *file, const char *text, struct err *e);
int cgroup_file_read(int dir_fd, const char *file, struct buf *ret, struct err *e);
bool cgroup_file_exists(int dir_fd, const char *file);

/* --- launch_cgroup_clean.c --- */

/* Removes all that is below dir_fd, but not that itself. */
int cgroup_children_remove(int dir_fd, struct err *e);
/* Kills every process in `name` below parent_fd and removes it with all below it; what is not there
 * is fine. */
int cgroup_tree_remove(int parent_fd, const char *name, struct err *e);
