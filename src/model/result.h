#pragma once
/*
 * result - what became of a job: facts from the kernel, never parsed text.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct runtime;

enum verdict {
    VERDICT_OK,
    VERDICT_WRONG_ANSWER, /* it ended well, but did not print what was expected */
    VERDICT_NONZERO_EXIT,
    VERDICT_SIGNALED,
    VERDICT_TIME_LIMIT, /* CPU */
    VERDICT_WALL_TIME_LIMIT,
    VERDICT_MEMORY_LIMIT,
    VERDICT_OUTPUT_LIMIT,
    VERDICT_PROCESS_LIMIT, /* for those who ask: a program may live with EAGAIN */
    VERDICT_COMPILE_ERROR, /* of a job; a stage has the one above */
    VERDICT_CANCELLED,
    VERDICT_EXEC_FORMAT, /* the file that should be run is no program */
    VERDICT_INTERNAL_ERROR,
};

struct result_file {
    char *path; /* below the working directory */
    char *data;
    size_t size;
};

struct stage_result {
    bool ran;
    bool cached; /* of a compile stage: it was done for an earlier job, whose figures these are */
    enum verdict verdict;
    int exit_code; /* -1: it did not exit */
    int signal;    /* 0: none; of the program itself, or SIGKILL when a limit stopped it */
    uint64_t cpu_ns, wall_ns;
    uint64_t memory_bytes;       /* peak; 0 where the host cannot tell */
    uint32_t process_limit_hits; /* processes and threads that were refused at the limit */
    struct buf out, err;         /* as printed, not repaired */
    struct buf both;             /* in order of arrival; repaired UTF-8, unless job.exact_output */
    bool out_truncated, err_truncated;
    char reason[256];          /* one clear sentence, "" when the verdict is OK */
    struct result_file *files; /* job.artifacts that were there when it ended, by path */
    size_t file_count;
    bool files_missed; /* not all of them: more than job.artifact_bytes, or not to be had */
};

struct result {
    const struct runtime *runtime; /* that it ran with, borrowed; NULL: not told */
    enum verdict verdict;          /* of the run, or COMPILE_ERROR, CANCELLED, INTERNAL_ERROR */
    struct stage_result unpack, compile, run; /* of several runs the last */
    struct stage_result *tests; /* those of job.tests that are done; `run` is then not used, but
                                   for the one that runs now */
    size_t test_count;
    unsigned runs;                               /* that were done */
    uint64_t runs_cpu_ns, runs_memory_bytes;     /* of all of them added */
    uint64_t queued_ns, started_ns, finished_ns; /* CLOCK_REALTIME */
};

void result_init(struct result *r);
void result_done(struct result *r);             /* frees what it holds */
void stage_result_done(struct stage_result *s); /* likewise; as if the stage had not been */
/* Copies both. */
void stage_result_add_file(struct stage_result *s, const char *path, const void *data, size_t size);
const char *verdict_name(enum verdict v); /* "wall_time_limit" */

/* "SIGKILL", "SIGRTMIN+2" ...; NULL for what is no signal (0, 32, 33).  signal_number: 0 if
 * unknown. */
const char *signal_name(int signo);
int signal_number(const char *name);
