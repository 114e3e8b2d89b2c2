#pragma once
/*
 * recipe_set - what `@name` means: the file runtimes/sets.toml.
 *
 *   [core]
 *   about = "what most people need"
 *   recipes = ["python", "c", "part/perl"]     words as recipes_choose takes them, also "@others"
 */
#include "recipes/recipes.h"

struct recipe_sets {
    struct recipe_set *all;
    size_t count;
};

int recipe_sets_parse(const char *text, struct recipe_sets *ret, struct err *e);
void recipe_sets_done(struct recipe_sets *s);
