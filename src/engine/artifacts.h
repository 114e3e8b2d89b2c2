#pragma once
/*
 * artifacts - the files that a program left, from the archive that was written inside its box:
 * foreign bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stage_result;

/*
 * Adds the files to ret->files, as long as they are within *left bytes, which becomes less.  false:
 * there was something else too.  Pure.
 */
bool artifacts_parse(const char *data, size_t size, uint64_t *left, struct stage_result *ret);
/* Likewise from a sealed memfd, sorted by path; ret->files_missed says whether it was all. */
void artifacts_read(int fd, uint64_t size, uint64_t *left, struct stage_result *ret);
