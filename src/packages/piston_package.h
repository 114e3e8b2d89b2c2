#pragma once
/*
 * piston_package - a package of Piston's (pkg.tar.gz): what its pkg-info.json says, and the recipes
 * by which its languages are run.
 *
 * It lies at /piston/packages/<name>/<version> of a box, the place that its own scripts expect:
 * `run`, `compile` if it compiles, `environment`.  Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct piston_entry;

struct piston_limits { /* 0: not said; milliseconds and bytes */
    int64_t compile_timeout, run_timeout, compile_cpu_time, run_cpu_time;
    int64_t compile_memory_limit, run_memory_limit;
    int64_t max_process_count, max_open_files, max_file_size, output_max_size;
};

struct piston_language {
    char *language;
    char **aliases; /* but for those that no recipe can have ("visual basic") */
    struct piston_limits limits;
};

struct piston_package {
    char *version;
    struct piston_language *languages;
    size_t count;
    bool provides; /* several: `language` of the package itself is then their runtime's name */
    char *name;    /* that one */
    bool compiles;
};

int piston_info_parse(const char *json, size_t len, struct piston_package **ret, struct err *e);
void piston_package_free(struct piston_package *p); /* NULL is fine */

/* "piston/packages/python/3.12.0". */
char *piston_package_dir(const struct piston_entry *entry);
/* Of the recipe for this language: "python/piston-3.12.0", "c++/piston-gcc-10.2.0". */
char *piston_recipe_id(const struct piston_language *language, const struct piston_entry *entry);
/*
 * What tells its environment, to be run in a box that has it: prints "NAME=value" and NUL for each
 * variable.  Vector and strings are the caller's.
 */
char **piston_environment_command(const struct piston_entry *entry);
/* Of what that printed; without what the shell itself sets. */
char **piston_environment_parse(const char *output, size_t len);
/* The text of a recipe for one of its languages. */
void piston_recipe_write(const struct piston_package *p, const struct piston_language *language,
                         const struct piston_entry *entry, char *const *env, struct buf *ret);
