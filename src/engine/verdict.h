#pragma once
/*
 * verdict - what became of a program, from what boxd and the kernel say about it.  Pure.
 */
#include "model/job.h"
#include "model/result.h"

struct box_report;
struct limits;

/*
 * Fills verdict, exit_code, signal, the numbers and the reason of `ret`, whose *_truncated are set
 * already.  A program that a limit stopped is told as SIGKILL without an exit code, also when it
 * was about to end by itself: which of the two came first is no fact about the program.
 */
void verdict_decide(const struct box_report *report, const struct limits *limits,
                    enum job_output_policy policy, struct stage_result *ret);

struct expected {
    const char *data; /* NULL: nothing is */
    size_t size;
    bool needs_output; /* no output at all equals nothing, not even "" */
};
/* What ended well, and did not print what was expected, becomes VERDICT_WRONG_ANSWER. */
void verdict_compare(const struct expected *expected, struct stage_result *ret);
/* For a stage that could not be started. */
void verdict_internal(const char *why, struct stage_result *ret);
