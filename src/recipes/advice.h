#pragma once
/*
 * advice - how a language that is not there can be had: by a recipe, by a package of Piston's or by
 * an image.  One sentence for whoever asked for it.
 */
struct buf;
struct recipes;

/* The command by which it is installed; nothing is added when nobody knows any.  `range`: NULL or
 * "*" for any version. */
void advice_install(const struct recipes *r, const char *language, const char *range,
                    struct buf *ret);
/* Likewise, for people: "to install it: belljar pkg install ruby". */
void advice_remedy(const struct recipes *r, const char *language, const char *range,
                   struct buf *ret);
/* For a name that no recipe answers to. */
void advice_elsewhere(const char *name, struct buf *ret);
