#pragma once
/*
 * launch_instance - what the files of launch share of an instance.
 */
#include "sandbox/launch.h"
#include "sandbox/launch_cgroup.h"
#include "sandbox/launch_ids.h"

struct instance {
    unsigned number;
    char *dir_path; /* /run/belljar */
    int dir_fd;
    int lock_fd; /* instance-N in it: whoever locks it has the number */
    char lock_name[32];
    char *directory; /* instance_note_directory */
    struct host_ids ids;
    bool own_ids;
    uint32_t id_base; /* with own_ids: of this instance's window, in our user namespace */
    uid_t server_uid, egress_uid;
    struct launch_cgroup cgroup;
    const struct log *log;
};
