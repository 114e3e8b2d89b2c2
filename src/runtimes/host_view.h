#pragma once
/*
 * host_view - where on this host tools are looked for, and which of it a box sees; tests put
 * a directory of their own in.
 */
#include <stddef.h>

struct host_recipe;

struct host_view {
    const struct host_recipe *recipes;
    size_t recipe_count;
    const char *const *tool_dirs; /* in this order */
    const char *const *visible;   /* "/usr/": what begins so is in every box */
    const char *package_dir;      /* that of dpkg's file "status" */
};

extern const struct host_view host_view_system;
