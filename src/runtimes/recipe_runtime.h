#pragma once
/*
 * recipe_runtime - what a runtime has from its recipe alone, wherever its tools and layers are.
 */
#include <stdbool.h>

struct recipe;
struct recipe_commands;
struct runtime;
struct semver;

/* Without commands, environments, layers and version. */
struct runtime *recipe_runtime_new(const struct recipe *recipe, const char *source);
/* Its commands; those of when it is prepared take the place of the plain ones that they name. */
struct recipe_commands recipe_runtime_commands(const struct recipe *recipe, bool prepared);
/* Sets the version, and the aliases, some of which have the version in them. */
void recipe_runtime_complete(struct runtime *r, const struct recipe *recipe,
                             const struct semver *version);
