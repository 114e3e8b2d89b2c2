#pragma once
/*
 * recipe_id - names of recipes, which are names of directories and files too.
 */
#include <stdbool.h>

/* Small letters, digits and + - _ . # alone; no '.' first, at most 64. */
bool recipe_name_valid(const char *text);
bool recipe_id_valid(const char *text); /* "ruby/3.1": two of these */
/* Also "c#": no spaces, '/', '@', '=' and quotes. */
bool recipe_alias_valid(const char *text);
