#pragma once
/*
 * unpack - the archive of a START becomes files below the working directory.
 *
 * Runs as the program's user, so that what it writes is the program's, counts as such, and no path
 * can reach what the program could not.
 */
struct err;
struct payload;

/*
 * `instead`: NULL, or a name of the working directory that is there already.  Its file takes its
 * place at one moment: who opens it meanwhile finds the old or the new one, never none.
 * ERR_LIMIT when the box is full.
 */
int unpack(struct payload *p, const char *instead, struct err *e);
