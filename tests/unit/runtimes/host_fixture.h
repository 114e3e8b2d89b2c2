#pragma once
/*
 * host_fixture - a host of our own in a temporary directory: bin/, other/ (not visible in boxes),
 * dpkg/.
 */
#include "recipes/recipe.h"
#include "runtimes/host_view.h"

struct host_fixture {
    char root[64];
    char bin[80], local[80], other[80], dpkg[80];
    char visible_bin[84], visible_local[84];
    const char *tool_dirs[3], *visible[3];
    struct host_view view;
    struct recipe *recipes[8];
};

void host_fixture_make(struct host_fixture *h);
/* The view's recipes, "x/0" and so on, of texts of files, NULL-ended; again: others. */
void host_recipes(struct host_fixture *h, const char *const *texts);
void host_fixture_remove(struct host_fixture *h);
/* A file of mode `mode` with some text. */
void host_file(const char *dir, const char *name, const char *text, unsigned mode);
void host_link(const char *dir, const char *name, const char *target);
