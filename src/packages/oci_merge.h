#pragma once
/*
 * oci_merge - two trees with overlayfs' marks as the one that they are together, for images with
 * more layers than a root can have.
 */
struct err;

/*
 * Moves what is in `above` into `below`, both on one file system, nobody else writing there.  What
 * hides something of the layers below both of them still hides it.
 */
int oci_merge(int below_fd, int above_fd, struct err *e);
