#pragma once
/*
 * recipe_check - what no recipe may be, whoever wrote it: see recipe_parse.
 */
#include <stdbool.h>

struct err;
struct recipe;

/* `file` stands in errors. */
int recipe_check(const struct recipe *r, const char *file, struct err *e);
/* It is a language's, with tools, and nothing in it is there only where it was installed. */
bool recipe_may_be_hosts(const struct recipe *r);

/* Calls `fn` with each command there is, until one call gives something else than 0, which is given
 * back. */
typedef int recipe_command_fn(void *ctx, const char *key, char *const *command);
int recipe_each_command(const struct recipe *r, recipe_command_fn *fn, void *ctx);
/* Whether it gives a text of its own to a shell: sh -c TEXT. */
bool recipe_command_is_script(char *const *command);
