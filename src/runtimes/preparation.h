#pragma once
/*
 * preparation - what makes a tool fast and is made once: precompiled headers, a filled cache, an
 * archive of classes.
 *
 * `belljar prepare` makes it, in a box, into a directory of its own: DIR/<key>, which boxes of the
 * runtimes that use it see as PREPARED_DIR/<key>.  The key is a hash of all that it is made of, so
 * that what belongs to another version of a tool is another directory.
 */
#include <stdbool.h>
#include <stddef.h>

#include "recipes/preparation.h"

#define PREPARED_DIR "/opt/belljar"

struct host_tool;

/* The caller frees it. */
char *preparation_key(const struct preparation *p, const struct host_tool *tool);
/* Is it there?  `prepared_fd`: DIR; -1: nothing is. */
bool preparation_is_made(int prepared_fd, const char *key);

/* The paths in a box of a preparation and of its base; "{prepared}" and "{base}" in commands. */
struct prepared_paths {
    char *prepared, *base; /* NULL: not made, or there is none */
};

/* `p` may be NULL. */
void prepared_paths_init(struct prepared_paths *paths, const struct preparation *p,
                         const struct host_tool *tool, int prepared_fd);
/* It is made, and its base where it has one. */
bool prepared_paths_complete(const struct prepared_paths *paths, const struct preparation *p);
void prepared_paths_done(struct prepared_paths *paths);
/* The element with its paths put in; NULL when one of them is not made.  The caller frees it. */
char *prepared_paths_expand(const struct prepared_paths *paths, const char *element);
