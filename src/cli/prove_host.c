/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_host.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/prove_process.h"
#include "sandbox/launch_host.h"
#include "sandbox/launch_ids.h"

/* ".../belljar-3/interactive" is a cgroup that the parent and boxd keep open. */
static void cgroup_see(void *ctx, const char *target)
{
    struct prove_host *h = ctx;
    const char *end = strrchr(target, '/');
    if (!end || !str_ends(target, "/interactive")) {
        return;
    }
    AUTO(mem_freep) char *base = xstrndup(target, (size_t)(end - target));
    const char *name = strrchr(base, '/');
    if (name && str_starts(name, "/belljar-") && !strv_has(h->cgroups, base)) {
        strv_add(&h->cgroups, base);
    }
}

struct lock_seen {
    bool any;
    uint64_t number;
};

static void lock_see(void *ctx, const char *target)
{
    struct lock_seen *seen = ctx;
    const char *name = strrchr(target, '/');
    if (name && str_starts(name, "/instance-")) {
        seen->number = strtoull(name + strlen("/instance-"), NULL, 10);
        seen->any = true;
    }
}

/* Root of a container or of a user namespace has no window of host ids for its boxes. */
static bool is_root_of_host(void)
{
    struct host_ids ids;
    struct err e;
    return host_is_privileged() && host_ids_read(&ids, &e) == 0 && ids.initial;
}

int prove_host_open(pid_t parent, uint64_t uid_base, struct prove_host *ret, struct err *e)
{
    struct prove_host h = {.parent = parent};
    struct lock_seen lock = {0};
    AUTO(mem_freep) pid_t *pids = xcalloc(PROVE_PROCESSES_MAX, sizeof(*pids));
    size_t count = prove_processes(parent, pids);
    for (size_t i = 0; i < count; i++) {
        (void)prove_process_links(pids[i], "fd", cgroup_see, &h);
    }
    (void)prove_process_links(parent, "fd", lock_see, &lock);
    if (is_root_of_host()) {
        if (!lock.any) {
            prove_host_done(&h);
            return err_set(e, ERR_BUG, "the server's number is not to be found in its descriptors");
        }
        h.id_first = uid_base + lock.number * IDS_WINDOW;
    }
    *ret = h;
    return 0;
}

static void link_ignore(void *ctx, const char *target)
{
    (void)ctx;
    (void)target;
}

char **prove_host_unseen(const struct prove_host *h)
{
    char **unseen = NULL;
    AUTO(mem_freep) pid_t *pids = xcalloc(PROVE_PROCESSES_MAX, sizeof(*pids));
    size_t count = prove_processes(h->parent, pids);
    for (size_t i = 0; i < count; i++) {
        char name[PROVE_NAME_MAX];
        if (!prove_process_links(pids[i], "fd", link_ignore, NULL) &&
            prove_process_name(h->parent, pids[i], name)) {
            strv_add(&unseen, name);
        }
    }
    return unseen;
}

void prove_host_done(struct prove_host *h)
{
    strv_free(h->cgroups);
    *h = (struct prove_host){0};
}
