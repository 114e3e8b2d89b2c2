#pragma once
/*
 * piston_get - a package of Piston's, from its index's address into a stage.
 */
struct err;
struct fetcher;
struct piston_entry;
struct piston_package;
struct stage;
struct workshop;

/* Downloads and unpacks it into the stage, and reads what it is. */
int piston_package_get(const struct piston_entry *entry, struct fetcher *fetcher,
                       struct workshop *workshop, const struct stage *stage,
                       struct piston_package **ret, struct err *e);
/* What it is, of the tree of a stage or layer that it lies in. */
int piston_package_read(const struct piston_entry *entry, int tree_fd, struct piston_package **ret,
                        struct err *e);
