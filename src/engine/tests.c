/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The several runs of one job: which input and expected output is next, what is kept of each, and
 * the verdict of all.  The test that runs fills result.run; when it is over it moves to
 * result.tests.  A job without tests has one input for all its runs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/engine_impl.h"
#include "engine/verdict.h"

const struct job_test *tests_current(const struct engine_job *j)
{
    const struct job *job = j->job;
    return j->result.test_count < job->test_count ? &job->tests[j->result.test_count] : NULL;
}

struct run_input tests_input(const struct engine_job *j)
{
    const struct job_test *t = tests_current(j);
    return t ? (struct run_input){t->stdin_data, t->stdin_size}
             : (struct run_input){j->job->stdin_data, j->job->stdin_size};
}

struct expected tests_expected(const struct engine_job *j)
{
    const struct job *job = j->job;
    const struct job_test *t = tests_current(j);
    if (job->test_count > 0) {
        return t ? (struct expected){t->expected_data, t->expected_size, false}
                 : (struct expected){0};
    }
    return (struct expected){job->expected_data, job->expected_size, job->expected_needs_output};
}

void tests_begin(struct engine_job *j)
{
    const struct job *job = j->job;
    j->artifacts_left = job->artifact_bytes;
    j->outputs_left = job->tests_output_bytes ? job->tests_output_bytes : JOB_TESTS_OUTPUT;
}

/* What memory holds for long is the bytes alone, without the room in which they grew. */
static bool keep(struct buf *b, uint64_t *left)
{
    bool whole = b->len <= *left;
    size_t len = whole ? b->len : (size_t)*left;
    struct buf kept = {0};
    if (len > 0) {
        kept.data = xmemdup(b->data, len);
        kept.len = len;
        kept.cap = len + 1;
    }
    *left -= len;
    buf_done(b);
    *b = kept;
    return whole;
}

/*
 * Each test's own limit bounds what one prints; this bounds what all of them have printed.  It was
 * compared before, so no verdict changes.
 */
static void keep_outputs(struct engine_job *j, struct stage_result *r)
{
    r->out_truncated |= !keep(&r->out, &j->outputs_left);
    r->err_truncated |= !keep(&r->err, &j->outputs_left);
    (void)keep(&r->both, &j->outputs_left);
}

const struct stage_result *tests_take(struct engine_job *j)
{
    struct result *r = &j->result;
    if (!tests_current(j)) {
        return &r->run;
    }
    if (!r->tests) {
        r->tests = xcalloc(j->job->test_count, sizeof(r->tests[0]));
    }
    keep_outputs(j, &r->run);
    struct stage_result *taken = &r->tests[r->test_count++];
    *taken = TAKE(&r->run, (struct stage_result){.exit_code = -1});
    return taken;
}

bool tests_go_on(const struct engine_job *j, enum verdict last)
{
    bool failed = last == VERDICT_CANCELLED || last == VERDICT_INTERNAL_ERROR;
    return tests_current(j) && !failed && (last == VERDICT_OK || !j->job->stop_on_first_failure);
}

enum verdict tests_verdict(const struct result *r)
{
    for (size_t i = 0; i < r->test_count; i++) {
        if (r->tests[i].verdict != VERDICT_OK) {
            return r->tests[i].verdict;
        }
    }
    return VERDICT_OK;
}
