#pragma once
/*
 * job_factory - jobs and runtimes for the tests of the engine.
 */
#include "model/job.h"
#include "model/runtime.h"

/* "c", compiled: cc {sources} -o a.out; ./a.out {args}.  Extensions .c; headers .h. */
struct runtime *runtime_of_c(void);
/* "bash": bash {main} {args} */
struct runtime *runtime_of_bash(void);

/* Takes the runtime.  Generous limits, keep_output. */
struct job *job_of(struct runtime *runtime);
void job_with(struct job *job, const char *name, const char *text); /* a code file */
