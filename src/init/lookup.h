#pragma once
/*
 * lookup - from the first word of a command to the running program.
 */
struct err;

/*
 * Returns only when it fails; the text names the program.  ERR_UNSUPPORTED when the program's own
 * file is the reason, and for nothing else.
 */
int lookup_exec(char *const *argv, char *const *env, struct err *e);
