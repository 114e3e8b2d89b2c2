/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/status.h"

#include "api/judge0/judge0.h"
#include "base/cleanup.h"
#include "config/config.h"
#include "model/execution.h"

static const char *const descriptions[] = {
    [STATUS_IN_QUEUE] = "In Queue",
    [STATUS_PROCESSING] = "Processing",
    [STATUS_ACCEPTED] = "Accepted",
    [STATUS_WRONG_ANSWER] = "Wrong Answer",
    [STATUS_TIME_LIMIT] = "Time Limit Exceeded",
    [STATUS_COMPILATION_ERROR] = "Compilation Error",
    [STATUS_SIGSEGV] = "Runtime Error (SIGSEGV)",
    [STATUS_SIGXFSZ] = "Runtime Error (SIGXFSZ)",
    [STATUS_SIGFPE] = "Runtime Error (SIGFPE)",
    [STATUS_SIGABRT] = "Runtime Error (SIGABRT)",
    [STATUS_NZEC] = "Runtime Error (NZEC)",
    [STATUS_OTHER] = "Runtime Error (Other)",
    [STATUS_INTERNAL_ERROR] = "Internal Error",
    [STATUS_EXEC_FORMAT] = "Exec Format Error",
};

#define STATUS_LAST (ARRAY_LEN(descriptions) - 1)

int32_t status_of(const struct execution *x)
{
    return x->state == EXECUTION_RUNNING ? STATUS_PROCESSING : x->status;
}

const char *status_description(int32_t id)
{
    return id >= 1 && (size_t)id <= STATUS_LAST ? descriptions[id] : "Memory Limit Exceeded";
}

size_t status_list(const struct config *config, struct judge0_status_name ret[STATUSES_MAX])
{
    size_t count = 0;
    for (int32_t id = 1; (size_t)id <= STATUS_LAST; id++) {
        ret[count++] = (struct judge0_status_name){id, descriptions[id]};
    }
    if (config->judge0_memory_status > STATUS_LAST) {
        int32_t id = (int32_t)config->judge0_memory_status;
        ret[count++] = (struct judge0_status_name){id, status_description(id)};
    }
    return count;
}
