#pragma once
/*
 * jobs_host - an engine with a real boxd and real boxes, and jobs of bash scripts in them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/log.h"
#include "engine/engine.h"
#include "model/job.h"
#include "model/result.h"

struct instance;
struct loop;
struct sandbox;

struct jobs_host {
    struct log log;
    struct loop *loop;
    struct instance *instance;
    pid_t boxd;
    struct sandbox *sandbox;
    struct engine *engine;
};

struct outcome {
    struct engine_job *job; /* NULL after it has finished */
    bool finished;
    enum verdict verdict;
    struct stage_result unpack, compile, run; /* their buffers are gone */
    unsigned runs;
    char *out, *err; /* of the run stage, else of the compile stage */
    size_t out_len;
    struct result result; /* all else of it */
    void (*on_output)(struct outcome *o, const char *data, size_t len);
    int outputs, rooms;
    struct buf screen; /* what was printed, as it came */
    size_t seen;       /* of it, by expect */
};
void outcome_done(struct outcome *o);

/* `script` is the run stage's; `compile` is a script too, or NULL. */
struct job *job_of(const char *compile, const char *script);
void begin(struct jobs_host *h, struct job *job, struct outcome *o);
void finish(struct jobs_host *h, struct outcome *o);
void run(struct jobs_host *h, struct job *job, struct outcome *o);
void assert_verdict(const struct outcome *o, enum verdict wanted);

void type(struct outcome *o, const char *text);
/* Runs until this is printed, after what was expected before. */
void expect(struct jobs_host *h, struct outcome *o, const char *text);

/* For main: makes the host, or says why it is skipped. */
int jobs_host_main(int argc, char **argv, int (*test_all)(struct jobs_host *h));
