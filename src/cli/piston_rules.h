#pragma once
/*
 * piston_rules - a spec file: which packages shall be there, line by line.
 *
 *   # a comment, if it is the first character
 *   glob range      of each package name that matches, the newest version within the range
 *   !glob range     takes away what matches from all that was gathered so far
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct piston_rules {
    /* [{language, language_version, installed}]; of our own lists also "package", another name of
     * it, and "spare": it is only meant where nothing else of that name is within the range. */
    json_t *all;    /* owned */
    size_t *wanted; /* indices into `all`, in the order of the rules */
    size_t wanted_count;
};

/* Of `all`; the text is changed. */
void piston_rules_apply(struct piston_rules *rules, char *text);
bool piston_rules_want(const struct piston_rules *rules, size_t index);
void piston_rules_done(struct piston_rules *rules); /* fits AUTO */
