#pragma once
/*
 * image_recipe - the text of a recipe for what an image holds.  Pure functions.
 */
#include <stddef.h>

struct buf;

struct image_recipe {
    const char *language, *name, *version;
    char *const *aliases, *const *extensions; /* at least one extension */
    char *const *compile, *const *run, *const *env;
};

/* NULL vectors are left out. */
void image_recipe_write(const struct image_recipe *r, struct buf *ret);
/* A command as one text, split at spaces; {main} and {args} are added when it does not say where
 * its file goes. */
char **image_command_split(const char *text, const char *const *behind);
/*
 * What an image's Entrypoint and Cmd run, with {main} and {args}; NULL: it has neither.  A program
 * that is named by a path is one below `directory`.
 */
char **image_command_of(char *const *entrypoint, char *const *command, const char *directory);
/* Variables for programs: HOME is a box's own, and what is none is left out. */
char **image_env_of(char *const *env);
/* "3.12.0" of what somebody wrote ("3.12", "python:3.12-slim" behind its ':'); NULL: it says
 * none.  The caller's. */
char *image_version_of(const char *text);
char *image_version_of_reference(const char *reference);
