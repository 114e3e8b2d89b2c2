#pragma once
/*
 * preparation - how that is made which a recipe's `prepare` names.  Plain data.
 */

#define PREPARED_PRODUCT "out" /* in /box */

/* All vectors end with NULL. */
struct preparation {
    const char *name;               /* the key is "<name>-<hash>" */
    const struct preparation *base; /* made before, for the same tool, and seen by this one */
    /* glob(3) patterns: size and time of these files tell whether it is still the right one. */
    const char *const *inputs;
    const char *const *files; /* name, text, name, text ...: in /box before the command runs */
    /* As in recipes; "{tool}" is the tool's path, "{base}" the path of the base in the box,
     * "{prepared}" the one that what is made will have.  What it leaves in PREPARED_PRODUCT is
     * kept. */
    const char *const *command;
    const char *const *env;
};
