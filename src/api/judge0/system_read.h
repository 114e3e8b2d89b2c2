#pragma once
/*
 * system_read - for the files that make system_info: what the kernel's small files say.
 */
#include <jansson.h>
#include <stdbool.h>

#define CPU_DIR         "/sys/devices/system/cpu"
#define NODE_DIR        "/sys/devices/system/node"
#define SYSTEM_FILE_MAX (64 << 20)

/* Nothing is added when there is no value. */
void system_show(json_t *o, const char *label, const char *value);
void system_show_number(json_t *o, const char *label, unsigned long value);
/* A file with a list of CPUs, as lscpu writes it. */
void system_show_cpus(json_t *o, const char *label, const char *path);

/* A small file's first line; the caller frees; NULL when it cannot be read. */
char *system_file_text(const char *path);

struct cpu_range {
    unsigned long first, last;
};
/* "0-3,8": from *p on; false at the end. */
bool cpu_range_next(const char **p, struct cpu_range *ret);
unsigned long cpu_ranges_count(const char *list);

/* system_topology.c; `online` is a list of CPUs. */
void system_topology_add(json_t *o, const char *online);
void system_caches_add(json_t *o, const char *online);
void system_nodes_add(json_t *o);
