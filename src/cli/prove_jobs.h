#pragma once
/*
 * prove_jobs - many random programs, some of them cancelled, and what is left on the host after
 * them.
 */
struct err;
struct prove_row;
struct prove_run;

int prove_jobs(struct prove_run *run, unsigned long count, struct prove_row *ret, struct err *e);
