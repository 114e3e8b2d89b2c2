/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host.h"

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxd_config.h"
#include "boxproto/boxproto.h"
#include "boxproto/egress_config.h"
#include "config/config.h"
#include "engine/product_cache.h"
#include "sandbox/container.h"
#include "sandbox/doctor.h"
#include "sandbox/launch_ids.h"

#define SLOTS_MIN     4
#define SLOTS_PER_CPU 2
#define BOXES_SPARE   8
#define FDS_PER_BOX   16
#define FDS_OF_OWN    256
#define FDS_OF_LAYERS 2048 /* one for each layer of what is installed */
#define BOXES_MAX     (IDS_WINDOW / 2 - 1)

#define RESOLV_CONF_MAX ((size_t)64 << 10)

struct log host_log(const struct config *config, const char *process)
{
    return (struct log){
        .fd = STDERR_FILENO,
        .level = (enum log_level)config->log_level,
        .format = (enum log_format)config->log_format,
        .process = process,
    };
}

unsigned host_cores(void)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    return sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? 1 : (unsigned)CPU_COUNT(&cpus);
}

unsigned host_slots(const struct config *config)
{
    if (config->slots > 0) {
        return (unsigned)config->slots;
    }
    unsigned slots = SLOTS_PER_CPU * host_cores();
    return slots < SLOTS_MIN ? SLOTS_MIN : slots;
}

/* By trying: root of a container may not, and of a user namespace never. */
static bool may_raise(const struct rlimit *now)
{
    struct rlimit more = {now->rlim_cur, now->rlim_max + 1};
    return setrlimit(RLIMIT_NOFILE, &more) == 0 && setrlimit(RLIMIT_NOFILE, now) == 0;
}

/* As many as there may be open files for: boxd has more of them than the server. */
static unsigned boxes_allowed(void)
{
    const rlim_t none = BOXD_FDS(0), one = BOXD_FDS(1) - BOXD_FDS(0);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max >= BOXD_FDS(BOXES_MAX) ||
        may_raise(&limit)) {
        return BOXES_MAX;
    }
    return limit.rlim_max > none ? (unsigned)((limit.rlim_max - none) / one) : 0;
}

/* Where there cannot be one for each session, the engine has fewer sessions. */
unsigned host_boxes(const struct config *config)
{
    if (config->boxes > 0) {
        return (unsigned)config->boxes;
    }
    unsigned jobs = 2 * host_slots(config) + BOXES_SPARE, allowed = boxes_allowed();
    unsigned wanted = jobs + (unsigned)config->sessions + (unsigned)config->pool_boxes;
    return wanted <= allowed ? wanted : allowed > jobs ? allowed : jobs;
}

/* config->cgroup counts the words of options.def. */
static const enum cgroup_choice cgroup_choices[] = {
    CGROUP_AUTO,
    CGROUP_ONLY_V2,
    CGROUP_ONLY_V1,
    CGROUP_NONE,
};

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* No box gets more than this, whoever asks: what the most generous of the dialects may give. */
static uint64_t memory_most(const struct config *c)
{
    uint64_t own = most(c->native_memory_max_bytes, c->native_compile_memory_max_bytes);
    uint64_t judge0 = c->judge0_memory_max_kb << 10;
    return most(most(c->compile_memory_bytes, c->run_memory_bytes), most(own, judge0));
}

void host_launch_config(const struct config *config, const struct log *log,
                        struct launch_config *ret)
{
    uint64_t processes = most(config->native_processes_max, config->judge0_processes_max);
    *ret = (struct launch_config){
        .cgroup = cgroup_choices[config->cgroup],
        .cgroup_parent = config->cgroup_parent,
        .boxes = host_boxes(config),
        .uid_base = (uint32_t)config->uid_base,
        .memory_max = memory_most(config),
        .disk_max = most(config->disk_bytes, config->native_disk_max_bytes),
        .inodes_max = most(config->disk_inodes, config->native_files_max),
        .processes_max = (uint32_t)most(config->processes, processes),
        .boxd_path = config->box_daemon,
        .log = log,
    };
}

typedef int entry_fn(struct egress_config *egress, const char *entry, struct err *e);

static int entries_add(struct egress_config *egress, char *const *list, entry_fn *add,
                       struct err *e)
{
    int r = 0;
    for (; r == 0 && list && *list; list++) {
        r = add(egress, *list, e);
    }
    return r;
}

/* Without any a name has no address, and a program that asks is told so. */
static void resolvers_of_host(struct egress_config *egress, const struct log *log)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path("/etc/resolv.conf", RESOLV_CONF_MAX, &text, &e) < 0) {
        LOG_WARN(log, "programs with a network cannot ask for names", log_s("why", e.text));
        return;
    }
    egress_config_resolv_conf(egress, text.data);
}

int host_egress(const struct config *config, struct egress_config **ret, struct err *e)
{
    if (config->disable_networking) {
        return 0;
    }
    AUTO(mem_freep) struct egress_config *egress = xcalloc(1, sizeof(*egress));
    *egress = (struct egress_config){
        .version = EGRESS_CONFIG_VERSION,
        .log_level = (uint32_t)config->log_level,
        .bandwidth = config->network_bandwidth,
        .connections = (uint32_t)config->network_connections,
        .everything = strv_len(config->network_allow) == 0,
    };
    int r = entries_add(egress, config->network_allow, egress_config_allow, e);
    r = r < 0 ? r : entries_add(egress, config->network_deny, egress_config_deny, e);
    r = r < 0 ? r : entries_add(egress, config->network_resolvers, egress_config_resolver, e);
    if (r < 0) {
        return r;
    }
    if (egress->resolver_count == 0) {
        const struct log log = host_log(config, "parent");
        resolvers_of_host(egress, &log);
    }
    *ret = TAKE(&egress, NULL);
    return 0;
}

enum sandbox_require host_require(const struct config *config, const struct box_boxd_hello *hello)
{
    /* config->require counts the words of options.def, auto first. */
    static const enum sandbox_require requires[] = {
        REQUIRE_NONE,
        REQUIRE_FULL,
        REQUIRE_LIMITS,
        REQUIRE_NONE,
    };
    bool automatic = config->require == 0;
    if (automatic && (hello->features & BOX_FEATURE_ROOT)) {
        return REQUIRE_FULL;
    }
    /* Who puts a server into a container means it for others; they must know what it lacks. */
    if (automatic && container_detect() != CONTAINER_NONE) {
        return REQUIRE_LIMITS;
    }
    return requires[config->require];
}

bool host_keeps(const struct config *config)
{
    return config->store_keep == 0; /* the first of the words of options.def: disk */
}

void host_open_files(const struct config *config)
{
    rlim_t wanted = config->connections_max + (rlim_t)host_boxes(config) * FDS_PER_BOX +
                    FDS_OF_OWN + FDS_OF_LAYERS + PRODUCTS_MAX;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return;
    }
    if (limit.rlim_max < wanted) {
        struct rlimit more = {wanted, wanted};
        if (setrlimit(RLIMIT_NOFILE, &more) == 0) { /* only root may */
            return;
        }
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void host_table_print(const struct box_boxd_hello *hello, const char *cgroup_lack)
{
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    AUTO(buf_done) struct buf table = {0};
    unsigned count = doctor_rows(hello, cgroup_lack, rows);
    doctor_print(rows, count, isatty(STDERR_FILENO), &table);
    fputs(table.data, stderr);
}
