#pragma once
/*
 * layout - what the files of a job are called in its box, and which of them are sources.
 *
 * A runtime whose tools go by the name (needs_extension) gets its first extension behind code
 * files that have none: "main" and "file0.code" become "main.c".  A code file with an extension of
 * something else ("data.txt") is left as it is and is no source, unless it is the main file.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct job;

struct layout {
    size_t file_count;
    const char **names; /* one a file; the job's own string, or one of `renamed` */
    char **renamed;
    bool *is_source;
    size_t main; /* the job's main file, or the first source when that is a header */
    size_t source_count;
};

void layout_make(const struct job *job, struct layout *ret);
void layout_done(struct layout *l);
const char *layout_main(const struct layout *l); /* "" when there is no file */
/* All files as a boxarchive. */
int layout_archive(const struct job *job, const struct layout *l, struct buf *ret, struct err *e);
