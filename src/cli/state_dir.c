/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "cli/audit.h"
#include "cli/data_dir.h"

static int directories_make(const char *data, struct err *e)
{
    if (mkdir(data, 0700) < 0 && errno != EEXIST) {
        return err_sys(e, "making the data directory '%s'", data);
    }
    AUTO(fd_closep) int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (mkdirat(fd, DATA_DIR_STATE, 0700) < 0 && errno != EEXIST)) {
        return err_sys(e, "making '%s/%s'", data, DATA_DIR_STATE);
    }
    return 0;
}

static int become(struct state_dir *s, const struct stat *owner, struct err *e)
{
    if (geteuid() != 0 || owner->st_uid == 0) {
        return 0;
    }
    s->gid = getegid();
    if (setegid(owner->st_gid) < 0 || seteuid(owner->st_uid) < 0) {
        return err_sys(e, "becoming user %u, whose directory it is", (unsigned)owner->st_uid);
    }
    s->became = true;
    return 0;
}

static int enter(struct state_dir *s, const char *data, struct err *e)
{
    AUTO(fd_closep) int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "data directory '%s'", data);
    }
    AUTO(fd_closep)
    int state = openat(fd, DATA_DIR_STATE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat owner;
    if (state < 0 && errno == ENOENT) {
        return err_set(e, ERR_NOT_FOUND, "there is nothing in '%s': no server has used it yet",
                       data);
    }
    if (state < 0 || fstat(state, &owner) < 0 || fchdir(state) < 0) {
        return err_sys(e, "data directory '%s': '%s'", data, DATA_DIR_STATE);
    }
    int r = audit_open(fd, "command", &s->audit, e); /* as the operator */
    if (r < 0) {
        return r;
    }
    s->fd = TAKE(&state, -1);
    s->entered = true;
    return become(s, &owner, e);
}

int state_dir_enter(struct state_dir *s, const char *data, bool make, struct err *e)
{
    *s = (struct state_dir){0};
    if (data[0] == '\0') {
        return err_set(e, ERR_INVALID, "which data directory? name it with --data DIR");
    }
    int r = make ? directories_make(data, e) : 0;
    return r < 0 ? r : enter(s, data, e);
}

void state_dir_step_back(struct state_dir *s)
{
    if (s->became && (seteuid(0) < 0 || setegid(s->gid) < 0)) {
        abort(); /* never half */
    }
    s->became = false;
}

void state_dir_leave(struct state_dir *s)
{
    if (s->entered) {
        fd_close(s->fd);
    }
    s->entered = false;
    audit_close(&s->audit);
    state_dir_step_back(s);
}
