#pragma once
/*
 * layer_tidy - makes a tree plain, as each layer is: owned by us; files 0644 or, where the owner
 * may execute them, 0755; directories 0755; no extended attributes but opaque directories; one
 * time.  Nothing that a box has of its own is left at the top.
 */
struct err;

int layer_tidy(int tree_fd, struct err *e);
