#pragma once
/*
 * host_recipes - how each language is compiled and run with the tools that a host has: a table.
 *
 * All vectors end with NULL.  In commands, besides the placeholders of model/runtime.h, a whole
 * element {tool} is the path of the tool that was found.  The first element of a command is another
 * program's name, found beside the tool or in the same directories; one that has a slash is taken
 * as it is. A script given to sh -c is fixed text: what a user chose reaches it as positional
 * arguments only.
 */
#include <stdbool.h>
#include <stddef.h>

#include "model/limits.h"

struct preparation;

/* Each may be NULL: then it is the recipe's. */
struct host_commands {
    const char *const *compile, *const *run;
    const char *const *compile_many, *const *run_many;
    const char *compile_warm, *warm;
};

struct host_recipe {
    const char *language;
    bool unlisted; /* a dialect's own way with a language: found by its name, in no list */
    const char *const *aliases; /* "python{x.y}": with the version's first two numbers */
    const char *package;        /* as in struct runtime */
    const char *const *tools;   /* each different program of these names is one version */
    const char *const
        *needs;         /* programs (or files, by absolute path) without which it is not offered */
    const char *unless; /* not offered where this program is */
    const char *only;   /* the range of versions that this row is for */

    const char *const *version_args;
    const char *version_input; /* given to stdin */
    const char
        *version_after; /* the version is what follows this word; NULL: the first that is there */
    const char
        *version_package; /* it cannot say its version: that of this Debian package is taken */

    const char *const *extensions;
    const char *const *headers;
    bool needs_extension;
    const char *default_name;
    const char *const *compile, *const *run;
    const char *const *compile_many, *const *run_many;
    const char *compile_warm, *warm; /* as in struct runtime */
    bool one_stage;
    bool warm_alone, compile_warm_alone;
    const char *const *warm_unless, *const *compile_warm_unless;
    const char *const *env;
    const char *const *compile_env; /* of compile stages alone */
    /*
     * What `belljar prepare` makes for this recipe's tools.  An element of a command or of an
     * environment that has "{prepared}" or "{base}" in it gets the directory of it, or of its
     * base, and is left out while that is not there.
     */
    const struct preparation *prepare;
    const struct host_commands *when_prepared; /* take the place of those above when it is there */
    const char *hello;
    struct limits compile_limits, run_limits;
};

extern const struct host_recipe host_recipes[];
extern const size_t host_recipe_count;
