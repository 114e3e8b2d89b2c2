#pragma once
/*
 * name_index - which of many things go by a name.
 *
 * Every request asks it, and its caches are cold by then: a few steps, however many names there
 * are.  Zero-initialised is empty.  Names are not copied, and must live as long.  One thread.
 */
#include <stddef.h>

struct name_entry {
    const char *name;
    size_t position; /* the caller's: where what has this name is */
};

struct name_index {
    struct name_entry *entries;
    size_t count;
};

void name_index_done(struct name_index *x);
/* When all are added, and before any is looked for: name_index_sort. */
void name_index_add(struct name_index *x, const char *name, size_t position);
void name_index_sort(struct name_index *x);
/* Those of this name, lowest position first; NULL, and *ret_count 0: there is none. */
const struct name_entry *name_index_find(const struct name_index *x, const char *name,
                                         size_t *ret_count);
