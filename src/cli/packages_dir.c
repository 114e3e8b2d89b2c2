/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packages_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/host.h"
#include "config/config.h"

#define NAME   "packages"
#define OPTION "--runtimes-dir"

static int default_path(char **ret, struct err *e)
{
    const char *home = secure_getenv("HOME"), *data = secure_getenv("XDG_DATA_HOME");
    if (geteuid() == 0) {
        *ret = xstrdup("/var/lib/belljar/" NAME);
    } else if (data && data[0] == '/') {
        *ret = xasprintf("%s/belljar/" NAME, data);
    } else if (home && home[0] == '/') {
        *ret = xasprintf("%s/.local/share/belljar/" NAME, home);
    } else {
        return err_set(e, ERR_NOT_FOUND, "there is no HOME; name a directory with " OPTION);
    }
    return 0;
}

int packages_dir_path(const struct config *config, char **ret, struct err *e)
{
    if (config->runtime_dir[0]) {
        *ret = xstrdup(config->runtime_dir);
        return 0;
    }
    if (config->data[0]) {
        *ret = xasprintf("%s/" NAME, config->data);
        return 0;
    }
    return default_path(ret, e);
}

/* Those of a user for the user alone; what is wrong with one, the next step tells. */
static void parents_make(const char *path)
{
    AUTO(mem_freep) char *parent = xstrdup(path);
    mode_t mode = geteuid() == 0 ? 0755 : 0700;
    for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(parent, mode);
        *slash = '/';
    }
}

static int below_make(const struct owned_dir *d, bool make, struct err *e)
{
    static const char *const names[] = {"layers", "runtimes"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool made = make && mkdirat(d->fd, names[i], 0755) == 0;
        if (made && fchmodat(d->fd, names[i], 0755, 0) < 0) { /* whatever the umask */
            return err_sys(e, "chmod '%s/%s'", d->path, names[i]);
        }
        if (faccessat(d->fd, names[i], R_OK | X_OK, AT_EACCESS) < 0) {
            return err_sys(e, "'%s/%s'", d->path, names[i]);
        }
    }
    return 0;
}

int packages_dir_open(const struct config *config, bool make, struct owned_dir *ret, struct err *e)
{
    AUTO(mem_freep) char *path = NULL;
    int r = packages_dir_path(config, &path, e);
    if (r < 0) {
        return r;
    }
    if (make && !config->runtime_dir[0]) {
        parents_make(path);
    }
    AUTO(owned_dir_done) struct owned_dir dir = {.fd = -1};
    r = owned_dir_open(path, OPTION, make, &dir, e);
    r = r < 0 ? r : below_make(&dir, make, e);
    if (r == 0) {
        *ret = TAKE(&dir, ((struct owned_dir){.fd = -1}));
    }
    return r;
}

void packages_dir_open_or_none(const struct config *config, const char *process, bool make,
                               struct owned_dir *ret)
{
    struct log log = host_log(config, process);
    struct err e;
    *ret = (struct owned_dir){.fd = -1};
    if (packages_dir_open(config, make, ret, &e) < 0) {
        bool named = config->runtime_dir[0] != '\0';
        LOG(&log, named || e.kind == ERR_DENIED ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
            "no packages can be installed", log_s("why", e.text));
    }
}
