#pragma once
/*
 * warm - a program that was started before its files are there.
 *
 * It is the program of the job itself, with its arguments, environment and limits.  The name of its
 * main file is a FIFO that nobody opened for writing, so when it has loaded all that it always
 * loads it blocks in open(2).  When the files come it is stopped, they are unpacked in the FIFO's
 * place, and after GO it goes on: the kernel begins an interrupted open anew, from the name, and
 * finds the file (a stop runs no handler: signal(7)).  A program that had not come so far finds the
 * file by itself.  No code of the job runs before GO, and none of ours in the program.
 */
struct err;
struct fence;
struct program;
struct reap;
struct start;

/*
 * Takes a program that is warm to where it has its files and runs.  Blocks until START comes; fails
 * when the program ends before GO.
 */
int warm_start(struct start *s, const struct fence *f, struct reap *reap, void *stack,
               struct program *p, struct err *e);
