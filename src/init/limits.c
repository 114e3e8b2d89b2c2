/* SPDX-License-Identifier: Apache-2.0 */
#include "init/limits.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "boxproto/boxproto.h"
#include "boxproto/weaken.h"

/* 0 is how a START says "none". */
static rlim_t or_unlimited(uint64_t value)
{
    return value ? (rlim_t)value : RLIM_INFINITY;
}

/* Where a limit is already lower than wanted, it stays: without privilege none can be raised. */
static int set(int resource, rlim_t soft, rlim_t hard, struct err *e)
{
    struct rlimit want = {.rlim_cur = soft, .rlim_max = hard}, now;
    if (setrlimit(resource, &want) == 0) {
        return 0;
    }
    if (errno == EPERM && getrlimit(resource, &now) == 0) {
        want.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
        want.rlim_cur = soft < want.rlim_max ? soft : want.rlim_max;
        if (setrlimit(resource, &want) == 0) {
            return 0;
        }
    }
    return err_sys(e, "box init: setting resource limit %d", resource);
}

static rlim_t file_limit(uint64_t bytes)
{
    return bytes == BOX_FILE_NOTHING ? 0 : or_unlimited(bytes);
}

/* What bounds the program's own use of memory, files and time has switches of its own. */
static bool left_out(int resource, uint64_t weaken)
{
    switch (resource) {
    case RLIMIT_CORE:
        return weakened(weaken, WEAKEN_CORE);
    case RLIMIT_MEMLOCK:
    case RLIMIT_MSGQUEUE:
    case RLIMIT_NICE:
    case RLIMIT_RTPRIO:
    case RLIMIT_SIGPENDING:
    case RLIMIT_NOFILE:
    case RLIMIT_STACK:
        return weakened(weaken, WEAKEN_RLIMITS);
    default:
        return false;
    }
}

struct row {
    int resource;
    rlim_t soft, hard;
};

static int set_rows(const struct row *rows, size_t count, uint64_t weaken, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = left_out(rows[i].resource, weaken)
                ? 0
                : set(rows[i].resource, rows[i].soft, rows[i].hard, e);
    }
    return r;
}

int limits_set_common(uint64_t weaken, struct err *e)
{
    static const struct row rows[] = {
        /* Not 0: with that the host's core helper would still be run, as root, for a pipe. */
        {RLIMIT_CORE, 1, 1},
        {RLIMIT_MEMLOCK, 65536, 65536},
        {RLIMIT_MSGQUEUE, 0, 0},
        {RLIMIT_NICE, 0, 0},
        {RLIMIT_RTPRIO, 0, 0},
        /* Here and not in boxd: what it has when it makes a box, all boxes of a user share. */
        {RLIMIT_SIGPENDING, 1024, 1024},
    };
    return set_rows(rows, ARRAY_LEN(rows), weaken, e);
}

int limits_set(const struct box_init_start *m, bool own_id, uint64_t weaken, struct err *e)
{
    rlim_t cpu = or_unlimited(weaken_limit(weaken, WEAKEN_CPU_TIME, m->cpu_s));
    uint64_t own = m->processes && !own_id ? 1 : 0; /* init, whose id is the program's too */
    rlim_t processes = or_unlimited(weaken_limit(weaken, WEAKEN_PROCESSES, m->processes) + own);
    const struct row rows[] = {
        {RLIMIT_STACK, or_unlimited(m->stack_bytes), or_unlimited(m->stack_bytes)},
        {RLIMIT_FSIZE, file_limit(m->file_bytes), file_limit(m->file_bytes)},
        {RLIMIT_AS, or_unlimited(m->address_bytes), or_unlimited(m->address_bytes)},
        {RLIMIT_DATA, or_unlimited((uint64_t)m->data_mib << 20),
         or_unlimited((uint64_t)m->data_mib << 20)},
        /* One second between SIGXCPU, which tells why, and SIGKILL. */
        {RLIMIT_CPU, cpu, cpu == RLIM_INFINITY ? cpu : cpu + 1},
        {RLIMIT_NOFILE, or_unlimited(m->open_files), or_unlimited(m->open_files)},
        /* Since Linux 5.14 it counts the id in this user namespace alone: the box's processes. */
        {RLIMIT_NPROC, processes, processes},
    };
    return set_rows(rows, ARRAY_LEN(rows), weaken, e);
}
