#pragma once
/*
 * recipe_files - the files of runtimes/ in this program: name, text, name, text ..., NULL; sorted
 * by name.
 */
extern const char *const recipe_files[];
