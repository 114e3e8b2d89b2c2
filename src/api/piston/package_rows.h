#pragma once
/*
 * package_rows - Piston's words about packages, out of what `belljar pkg available` says and of the
 * runtimes that there are.  Pure.
 *
 * A package is called as Piston calls it: the one that has several languages, or the language.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct runtime;

/* [{language, language_version, installed}], by name and version, each once.  `available`: the
 * steward's rows, NULL: none are known; a runtime is a package that is installed. */
json_t *package_rows(const json_t *available, struct runtime *const *all, size_t count);

/* Whether each of `chosen` (rows, too) is installed, or is there in a version within the range that
 * is as high. */
bool packages_are_there(const json_t *chosen, struct runtime *const *all, size_t count,
                        const char *range);
/* The host's own package of this name and range; NULL: it has none. */
const struct runtime *package_of_host(struct runtime *const *all, size_t count, const char *name,
                                      const char *range);

/* What was wrong, as Piston says it.  `chosen`: what should have been installed, or NULL. */
void package_failure(const char *message, const json_t *chosen, struct buf *ret);
