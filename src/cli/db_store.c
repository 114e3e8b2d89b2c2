/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/db_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "cli/data_dir.h"
#include "store/store_admin.h"

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

static int become(struct db_store *s, const struct stat *owner, struct err *e)
{
    if (geteuid() != 0 || owner->st_uid == 0) {
        return 0;
    }
    s->gid = getegid();
    if (setegid(owner->st_gid) < 0 || seteuid(owner->st_uid) < 0) {
        return err_sys(e, "becoming user %u, whose store it is", (unsigned)owner->st_uid);
    }
    s->became = true;
    return 0;
}

static int enter(struct db_store *s, const char *data, struct err *e)
{
    AUTO(fd_closep) int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "data directory '%s'", data);
    }
    AUTO(fd_closep)
    int state = openat(fd, DATA_DIR_STATE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat owner;
    if (state < 0 && errno == ENOENT) {
        return err_set(e, ERR_NOT_FOUND, "there is no store in '%s': no server has used it yet",
                       data);
    }
    if (state < 0 || fstat(state, &owner) < 0 || fchdir(state) < 0) {
        return err_sys(e, "data directory '%s': '%s'", data, DATA_DIR_STATE);
    }
    return become(s, &owner, e);
}

int db_store_open(struct db_store *s, const char *data, bool make, struct err *e)
{
    *s = (struct db_store){0};
    if (data[0] == '\0') {
        return err_set(e, ERR_INVALID, "which data directory? name it with --data DIR");
    }
    int r = make ? directories_make(data, e) : 0;
    if (r == 0) {
        r = enter(s, data, e);
    }
    if (r < 0) {
        return r;
    }
    r = store_admin_open(DATA_DIR_STORE, make, &s->admin, e);
    return r < 0 ? err_wrap(e, "data directory '%s'", data) : 0;
}

void db_store_step_back(struct db_store *s)
{
    if (s->became && (seteuid(0) < 0 || setegid(s->gid) < 0)) {
        abort(); /* never half */
    }
    s->became = false;
}

void db_store_close(struct db_store *s)
{
    store_admin_close(s->admin);
    s->admin = NULL;
    db_store_step_back(s);
}
