#pragma once
/*
 * builtin - runtimes that need no language: see runtimes_builtin.
 */
#include <stddef.h>

struct host_view;
struct runtime;

#define BUILTIN_COUNT 3

size_t builtin_find(const char *name); /* BUILTIN_COUNT: there is none of that name */
/* NULL where the host lacks what it needs. */
struct runtime *builtin_new(const struct host_view *view, size_t index);
