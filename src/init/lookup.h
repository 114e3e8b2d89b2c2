#pragma once
/*
 * lookup - from the first word of a command to the running program.
 */
struct err;

/* Returns only when it fails; the text names the program. */
int lookup_exec(char *const *argv, char *const *env, struct err *e);
