#pragma once
/*
 * boxarchive - the files that go into and come out of a box, as one run of bytes.
 *
 * entry := struct boxarchive_entry, path bytes, data bytes (a file's content, a link's target, or
 * the path of the earlier entry that is the same file); no padding; the end of the bytes is the
 * end.  Paths are relative, without empty, "." and ".." components and without NUL; the reader
 * refuses anything else.  Hard links are only in what belljar-unpack makes of an archive.  Pure
 * functions but for the writer's buf.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

enum boxarchive_type {
    BOXARCHIVE_FILE = 1,
    BOXARCHIVE_DIR,
    BOXARCHIVE_LINK,
    BOXARCHIVE_HARD_LINK,
};

struct boxarchive_entry {
    uint32_t type;
    uint32_t mode; /* permission bits; setuid, setgid and sticky are refused */
    uint32_t path_len;
    uint32_t reserved;
    uint64_t size; /* of the data */
};

#define BOXARCHIVE_PATH_MAX 4095

/* Appends one entry's head and path; the caller appends `size` bytes of data behind it. */
int boxarchive_add_head(struct buf *b, enum boxarchive_type type, uint32_t mode, const char *path,
                        uint64_t size, struct err *e);
int boxarchive_add(struct buf *b, enum boxarchive_type type, uint32_t mode, const char *path,
                   const void *data, size_t size, struct err *e);

struct boxarchive_item {
    enum boxarchive_type type;
    uint32_t mode;
    char path[BOXARCHIVE_PATH_MAX + 1];
    uint64_t size;
};

/*
 * Reads the head and path of the entry at `data`; *ret_used is how many bytes they take (the data
 * follows). Returns 1 for an entry, 0 when `len` is too short to hold it, -ERR_INVALID when it is
 * none.
 */
int boxarchive_parse(const void *data, size_t len, struct boxarchive_item *ret, size_t *ret_used,
                     struct err *e);
/* 0 when `path` may be an entry's path. */
int boxarchive_check_path(const char *path, struct err *e);
