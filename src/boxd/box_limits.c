/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/err.h"
#include "boxd/box.h"
#include "boxd/boxd.h"

/*
 * A box that is about to reach its CPU limit, and may sleep there, is looked at no more often than
 * this: a part of the limit, within these bounds.  Whatever it may pass its limit by is the upper
 * one for each CPU that it keeps busy.
 */
#define CPU_STEPS    128
#define CPU_STEP_MIN NS_PER_MS
#define CPU_STEP_MAX (4 * NS_PER_MS)

static uint64_t clamp(uint64_t asked, uint64_t allowed)
{
    if (allowed == 0) {
        return asked; /* only cpu_milli: no quota */
    }
    return asked == 0 || asked > allowed ? allowed : asked;
}

void limits_clamp(struct box_maxima *asked, const struct box_maxima *allowed)
{
    asked->memory_bytes = clamp(asked->memory_bytes, allowed->memory_bytes);
    asked->disk_bytes = clamp(asked->disk_bytes, allowed->disk_bytes);
    asked->disk_inodes = clamp(asked->disk_inodes, allowed->disk_inodes);
    asked->processes = (uint32_t)clamp(asked->processes, allowed->processes);
    asked->cpu_milli = (uint32_t)clamp(asked->cpu_milli, allowed->cpu_milli);
}

/* A limit may be any number: what lies beyond the clock is never. */
static uint64_t later(uint64_t moment, uint64_t wait)
{
    uint64_t sum;
    return __builtin_add_overflow(moment, wait, &sum) ? UINT64_MAX : sum;
}

static void on_wall(void *ctx)
{
    struct box *box = ctx;
    box_stop(box, BOX_END_WALL);
}

static void on_cpu(void *ctx);

/*
 * Not a poll: the timer is set for the earliest moment at which the limit could be reached, with
 * every CPU that the box may use busy from now on.
 */
static void cpu_arm(struct box *box, uint64_t left)
{
    uint64_t milli = UINT64_C(1000) * box->boxd->cpus;
    if (box->start.maxima.cpu_milli != 0 && box->start.maxima.cpu_milli < milli) {
        milli = box->start.maxima.cpu_milli;
    }
    uint64_t wait, least = box->start.cpu_ns / CPU_STEPS;
    if (__builtin_mul_overflow(left / milli, 1000, &wait)) {
        wait = UINT64_MAX;
    }
    least = least < CPU_STEP_MIN ? CPU_STEP_MIN : least > CPU_STEP_MAX ? CPU_STEP_MAX : least;
    wait = wait < least ? least : wait;
    loop_timer_set(box->boxd->loop, &box->cpu_timer, later(clock_mono_ns(&clock_system), wait),
                   on_cpu, box);
}

static void on_cpu(void *ctx)
{
    struct box *box = ctx;
    struct err e;
    uint64_t used, limit = box->start.cpu_ns;
    if (cgroup_leaf_cpu(&box->leaf, &used, &e) < 0) {
        LOG_ERROR(&box->boxd->log, "cpu time unknown", log_i("box", box->id),
                  log_s("error", e.text));
        box_stop(box, BOX_END_LOST); /* a box that cannot be watched must not run on */
    } else if (used >= limit) {
        box_stop(box, BOX_END_CPU);
    } else {
        cpu_arm(box, limit - used);
    }
}

int limits_arm(struct box *box, struct err *e)
{
    struct boxd *b = box->boxd;
    box->go_ns = clock_mono_ns(&clock_system);
    bool cpu = (b->features & BOX_FEATURE_CPU) != 0;
    if (cpu) {
        int r = cgroup_leaf_base(&box->leaf, e);
        if (r < 0) {
            return r;
        }
    }
    if (box->start.wall_ns != 0) {
        loop_timer_set(b->loop, &box->wall_timer, later(box->go_ns, box->start.wall_ns), on_wall,
                       box);
    }
    if (cpu && box->start.cpu_ns != 0) {
        cpu_arm(box, box->start.cpu_ns);
    }
    return 0;
}

void limits_disarm(struct box *box)
{
    loop_timer_cancel(&box->wall_timer);
    loop_timer_cancel(&box->cpu_timer);
}

enum box_end limits_verdict(const struct box *box, const struct box_ended *ended)
{
    int status = ended->wait_status;
    if (ended->oom_kills > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return BOX_END_MEMORY;
    }
    if (box->start.cpu_ns != 0 && ended->cpu_ns > box->start.cpu_ns) {
        return BOX_END_CPU;
    }
    if (box->start.wall_ns != 0 && ended->wall_ns > box->start.wall_ns) {
        return BOX_END_WALL;
    }
    return BOX_END_EXIT;
}
