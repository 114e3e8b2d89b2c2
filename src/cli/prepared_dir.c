/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prepared_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/host.h"
#include "config/config.h"

#define NAME "prepared"

/* The parent of a user's own; NULL: the user has no home. */
static char *user_cache(void)
{
    const char *home = secure_getenv("HOME"), *cache = secure_getenv("XDG_CACHE_HOME");
    if (cache && cache[0] == '/') {
        return xstrdup(cache);
    }
    return home && home[0] == '/' ? xasprintf("%s/.cache", home) : NULL;
}

/* Its parents are made too: those of a user for the user alone. */
static int default_path(char **ret, struct err *e)
{
    bool root = geteuid() == 0;
    AUTO(mem_freep) char *cache = root ? xstrdup("/var/cache") : user_cache();
    if (!cache) {
        return err_set(e, ERR_NOT_FOUND, "there is no HOME; name a directory with --prepare-dir");
    }
    AUTO(mem_freep) char *folder = xasprintf("%s/belljar", cache);
    (void)mkdir(cache, 0700); /* what is wrong with it, the next step tells */
    if (mkdir(folder, root ? 0755 : 0700) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir '%s'", folder);
    }
    *ret = xasprintf("%s/" NAME, folder);
    return 0;
}

static int path_choose(const struct config *config, char **ret, struct err *e)
{
    if (config->prepare_dir[0]) {
        *ret = xstrdup(config->prepare_dir);
        return 0;
    }
    if (!config->data[0]) {
        return default_path(ret, e);
    }
    if (mkdir(config->data, 0700) < 0 && errno != EEXIST) {
        return err_sys(e, "making the data directory '%s'", config->data);
    }
    *ret = xasprintf("%s/" NAME, config->data);
    return 0;
}

int prepared_dir_open(const struct config *config, struct owned_dir *ret, struct err *e)
{
    AUTO(mem_freep) char *path = NULL;
    int r = path_choose(config, &path, e);
    return r < 0 ? r : owned_dir_open(path, "--prepare-dir", true, ret, e);
}

void prepared_dir_open_or_none(const struct config *config, const char *process,
                               struct owned_dir *ret)
{
    struct log log = host_log(config, process);
    struct err e;
    *ret = (struct owned_dir){.fd = -1};
    if (prepared_dir_open(config, ret, &e) < 0) {
        bool named = config_source(config, &config->prepare_dir) != CONFIG_DEFAULT;
        LOG(&log, named || e.kind == ERR_DENIED ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
            "compilers are not prepared", log_s("why", e.text));
    }
}
