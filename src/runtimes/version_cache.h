#pragma once
/*
 * version_cache - versions of tools on disk, so that a restart asks nobody.
 *
 * A first line that names the format, then one line a tool: inode, mtime in nanoseconds, size,
 * version and path, with tabs between.  A file with anything else in it is as good as none.
 */
struct offer_set;
struct err;

/* Versions of tools that are the same file as when they were asked. */
void version_cache_load(const char *path, struct offer_set *c);
/* Replaces the file at once and whole. */
int version_cache_save(const char *path, const struct offer_set *c, struct err *e);
