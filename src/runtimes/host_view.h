#pragma once
/*
 * host_view - where on this host tools are looked for, and which of it a box sees; tests put
 * a directory of their own in.
 */
#include <stddef.h>

struct preparation;
struct recipe;

struct named_preparation {
    const char *name; /* as recipes say it; NULL behind the last */
    const struct preparation *preparation;
};

struct host_view {
    const struct recipe *const *recipes; /* NULL: all that there are, read when they are wanted */
    size_t recipe_count;
    const struct named_preparation *preparations;
    const char *const *tool_dirs; /* in this order */
    const char *const *visible;   /* "/usr/": what begins so is in every box */
    const char *package_dir;      /* that of dpkg's file "status" */
};

extern const struct host_view host_view_system;

/* What the recipe wants prepared; NULL: nothing, or nothing that is known. */
const struct preparation *host_view_preparation(const struct host_view *view,
                                                const struct recipe *recipe);
/* Of those that are built in. */
const struct preparation *host_preparation(const struct recipe *recipe);
