/* SPDX-License-Identifier: Apache-2.0 */
#include "model/result.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

void result_init(struct result *r)
{
    *r = (struct result){.unpack.exit_code = -1, .compile.exit_code = -1, .run.exit_code = -1};
}

void stage_result_done(struct stage_result *s)
{
    buf_done(&s->out);
    buf_done(&s->err);
    buf_done(&s->both);
    for (size_t i = 0; i < s->file_count; i++) {
        free(s->files[i].path);
        free(s->files[i].data);
    }
    free(s->files);
    *s = (struct stage_result){.exit_code = -1};
}

void result_done(struct result *r)
{
    stage_result_done(&r->unpack);
    stage_result_done(&r->compile);
    stage_result_done(&r->run);
    for (size_t i = 0; i < r->test_count; i++) {
        stage_result_done(&r->tests[i]);
    }
    free(r->tests);
    result_init(r);
}

void stage_result_add_file(struct stage_result *s, const char *path, const void *data, size_t size)
{
    if ((s->file_count & (s->file_count - 1)) == 0) {
        size_t cap = s->file_count > 0 ? s->file_count * 2 : 1;
        s->files = xreallocarray(s->files, cap, sizeof(s->files[0]));
    }
    s->files[s->file_count++] = (struct result_file){xstrdup(path), xmemdup(data, size), size};
}

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {
        [VERDICT_OK] = "ok",
        [VERDICT_WRONG_ANSWER] = "wrong_answer",
        [VERDICT_NONZERO_EXIT] = "nonzero_exit",
        [VERDICT_SIGNALED] = "signaled",
        [VERDICT_TIME_LIMIT] = "time_limit",
        [VERDICT_WALL_TIME_LIMIT] = "wall_time_limit",
        [VERDICT_MEMORY_LIMIT] = "memory_limit",
        [VERDICT_OUTPUT_LIMIT] = "output_limit",
        [VERDICT_PROCESS_LIMIT] = "process_limit",
        [VERDICT_COMPILE_ERROR] = "compile_error",
        [VERDICT_CANCELLED] = "cancelled",
        [VERDICT_EXEC_FORMAT] = "exec_format",
        [VERDICT_INTERNAL_ERROR] = "internal_error",
    };
    return (size_t)v < ARRAY_LEN(names) ? names[v] : "unknown";
}

/*
 * By number.  32 and 33 belong to the C library.  The real-time ones count from the
 * nearer end, as kill -l and Piston print them.
 */
static const char *const signal_names[] = {
    NULL,          "SIGHUP",      "SIGINT",      "SIGQUIT",     "SIGILL",      "SIGTRAP",
    "SIGABRT",     "SIGBUS",      "SIGFPE",      "SIGKILL",     "SIGUSR1",     "SIGSEGV",
    "SIGUSR2",     "SIGPIPE",     "SIGALRM",     "SIGTERM",     "SIGSTKFLT",   "SIGCHLD",
    "SIGCONT",     "SIGSTOP",     "SIGTSTP",     "SIGTTIN",     "SIGTTOU",     "SIGURG",
    "SIGXCPU",     "SIGXFSZ",     "SIGVTALRM",   "SIGPROF",     "SIGWINCH",    "SIGIO",
    "SIGPWR",      "SIGSYS",      NULL,          NULL,          "SIGRTMIN",    "SIGRTMIN+1",
    "SIGRTMIN+2",  "SIGRTMIN+3",  "SIGRTMIN+4",  "SIGRTMIN+5",  "SIGRTMIN+6",  "SIGRTMIN+7",
    "SIGRTMIN+8",  "SIGRTMIN+9",  "SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13",
    "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMAX-14", "SIGRTMAX-13", "SIGRTMAX-12", "SIGRTMAX-11",
    "SIGRTMAX-10", "SIGRTMAX-9",  "SIGRTMAX-8",  "SIGRTMAX-7",  "SIGRTMAX-6",  "SIGRTMAX-5",
    "SIGRTMAX-4",  "SIGRTMAX-3",  "SIGRTMAX-2",  "SIGRTMAX-1",  "SIGRTMAX",
};

const char *signal_name(int signo)
{
    return signo >= 0 && (size_t)signo < ARRAY_LEN(signal_names) ? signal_names[signo] : NULL;
}

int signal_number(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(signal_names); i++) {
        if (signal_names[i] != NULL && strcmp(signal_names[i], name) == 0) {
            return (int)i;
        }
    }
    return 0;
}
