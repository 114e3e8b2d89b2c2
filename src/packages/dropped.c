/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/dropped.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

#define RECIPES "recipes"
#define ENDING  ".json"

static bool is_file(DIR *dir, const char *name)
{
    struct stat st;
    return fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void specs_add(int packages_fd, const char *folder, const char *prefix, char ***ret)
{
    AUTO(dir_closep) DIR *dir = NULL;
    struct err ignored; /* there is none */
    int r = dir_open(packages_fd, folder, &dir, &ignored);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (name[0] != '.' && str_ends(name, ENDING) && is_file(dir, name)) {
            strv_add_take(ret, xasprintf("%s%s", prefix, name));
        }
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **dropped_specs(int packages_fd)
{
    char **specs = NULL;
    specs_add(packages_fd, ".", "", &specs);
    specs_add(packages_fd, RECIPES, RECIPES "/", &specs);
    if (specs) {
        qsort(specs, strv_len(specs), sizeof(*specs), compare);
    }
    return specs;
}

bool dropped_any(int packages_fd)
{
    AUTO(strv_freep) char **specs = dropped_specs(packages_fd);
    AUTO(dir_closep) DIR *dir = NULL;
    struct err ignored;
    return specs || (dir_open(packages_fd, RECIPES, &dir, &ignored) == 0 && dir_next(dir) != NULL);
}
