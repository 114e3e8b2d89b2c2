#pragma once
/*
 * host_tool - programs of the host that a box sees too.
 *
 * Only what lies below /usr (and, on a host that has not merged them, /bin and /lib) is in a box,
 * with /etc/alternatives.  A program behind a link that leads elsewhere, such as a version
 * manager's in a home directory, is there for the host and not for the box, so it does not count.
 */
#include <stdbool.h>
#include <stdint.h>

struct host_view;

struct host_tool {
    char *path; /* as it is called: what a program is named can change what it does */
    char *real; /* the file behind the links */
    uint64_t inode, size, mtime_ns;
};

/* ret is filled and owned by the caller when true. */
bool host_tool_at(const struct host_view *view, const char *dir, const char *name,
                  struct host_tool *ret);
void host_tool_done(struct host_tool *t);
/* The same file, unchanged as far as its inode tells. */
bool host_tool_same(const struct host_tool *a, const struct host_tool *b);
/* The path of a program: beside `beside` (a file; may be NULL), then in the view's directories.
 * NULL: it is not there. */
char *host_tool_path(const struct host_view *view, const char *name, const char *beside);
/* The version of an installed Debian package as dpkg writes it, epoch left out; NULL when there is
 * none. */
char *host_package_version(const struct host_view *view, const char *package);
