/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is no error, and is not what somebody meant either.
 */
#include <inttypes.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "config/load.h"

static void check_networks(struct config *c)
{
    if (c->disable_networking && (c->judge0_network || c->judge0_allow_network)) {
        load_warn(c,
                  "judge0.%s is true, but network.disable is too: programs have their own loopback "
                  "only, and submissions that ask for more are refused",
                  c->judge0_network ? "enable_network" : "allow_enable_network");
    }
}

/* Judge0 refuses a submission that takes a default beyond the maximum; so it is told at the start.
 */
static void check_maxima(struct config *c)
{
    static const struct {
        const char *name;
        size_t preset, most;
    } pairs[] = {
#define PAIR(name, field, most)                                                                    \
    {name, offsetof(struct config, judge0_##field), offsetof(struct config, judge0_##most)}
        PAIR("cpu_time_limit", cpu_ms, cpu_max_ms),
        PAIR("cpu_extra_time", extra_ms, extra_max_ms),
        PAIR("wall_time_limit", wall_ms, wall_max_ms),
        PAIR("memory_limit", memory_kb, memory_max_kb),
        PAIR("stack_limit", stack_kb, stack_max_kb),
        PAIR("max_processes_and_or_threads", processes, processes_max),
        PAIR("max_file_size", file_kb, file_max_kb),
        PAIR("number_of_runs", runs, runs_max),
#undef PAIR
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        uint64_t preset = *(const uint64_t *)((const char *)c + pairs[i].preset);
        uint64_t most = *(const uint64_t *)((const char *)c + pairs[i].most);
        if (preset > most) {
            load_warn(c,
                      "judge0.%s is %" PRIu64 ", above judge0.max_%s, which is %" PRIu64
                      ": submissions that do not set it are refused; raise the maximum",
                      pairs[i].name, preset, pairs[i].name, most);
        }
    }
}

void load_check(struct config *c)
{
    check_networks(c);
    check_maxima(c);
}
