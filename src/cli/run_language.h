#pragma once
/*
 * run_language - the language of a program that is run without -l: by its name's extension, else by
 * the interpreter that its first line names.
 *
 * Recipes of this belljar and of the operator's own are asked first, then what is installed by
 * others: images, packages of Piston's.
 */
#include <stddef.h>

struct config;
struct err;

/* `name` without directories.  *ret is the caller's; ERR_INVALID: none is known. */
int run_language(const struct config *config, const char *name, const char *text, size_t len,
                 char **ret, struct err *e);
