#pragma once
/*
 * outcome - what came of a submission, in Judge0's numbers and words (contract section 12).  Pure.
 */
struct config;
struct execution;
struct result;

/* Fills status, result and PARTS_RESULT of x; takes the outputs out of `result`. */
void outcome_conclude(const struct config *config, struct execution *x, struct result *result);
void outcome_fail(struct execution *x, const char *why); /* status 13 */
