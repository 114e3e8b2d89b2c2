#pragma once
/*
 * unpack - the archive of a START becomes files below the working directory.
 *
 * Runs as the program's user, so that what it writes is the program's, counts as such, and no path
 * can reach what the program could not.
 */
struct err;
struct payload;

/* ERR_LIMIT when the box is full. */
int unpack(struct payload *p, struct err *e);
