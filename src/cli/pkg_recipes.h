#pragma once
/*
 * pkg_recipes - recipes and specs of the operator's own, given to `belljar pkg`.
 */
struct pkg;

/* A spec of an image: imports it; gives an enum cli_status. */
int pkg_add_spec(struct pkg *p, const char *path);
