#pragma once
/*
 * job - the job that a submission asks for (contract section 12): files, limits, arguments.
 */
struct config;
struct err;
struct execution;
struct job;
struct runtime;

/* x has PARTS_ASKED. */
int submission_job(const struct config *config, const struct execution *x, struct runtime *runtime,
                   struct job **ret, struct err *e);
/*
 * The option that a submission's compiler gets before its own; NULL: none.  Judge0 compiles C and
 * C++ without -O, and our recipes with -O2: there a division by zero, endless recursion or memory
 * that is never used may be optimised away, and with it the verdict that is expected.
 */
const char *submission_compile_option(const struct runtime *runtime);
/*
 * Words as a shell splits them (quotes and backslashes count, nothing is expanded or run; an
 * unclosed quote ends with the text): a strv.  Pure.
 */
char **submission_split(const char *text);
