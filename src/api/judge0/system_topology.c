/* SPDX-License-Identifier: Apache-2.0 */
/* Cores, caches and memory nodes, as the kernel's files have them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/judge0/system_info.h"
#include "api/judge0/system_read.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define NODES_MAX  1024
#define CACHES_MAX 16

/* Of CPUs that share something, the first one counts for it. */
static bool is_first(unsigned long cpu, const char *path, unsigned long *ret_sharers)
{
    AUTO(mem_freep) char *list = system_file_text(path);
    const char *p = list != NULL ? list : "";
    struct cpu_range range;
    if (!cpu_range_next(&p, &range) || range.first != cpu) {
        return false;
    }
    *ret_sharers = cpu_ranges_count(list);
    return true;
}

static unsigned long count_first(const char *online, const char *file, unsigned long *ret_sharers)
{
    unsigned long count = 0;
    struct cpu_range range;
    for (const char *p = online; cpu_range_next(&p, &range);) {
        for (unsigned long cpu = range.first; cpu <= range.last; cpu++) {
            char path[128];
            snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/topology/%s", cpu, file);
            count += is_first(cpu, path, ret_sharers);
        }
    }
    return count;
}

void system_topology_add(json_t *o, const char *online)
{
    unsigned long threads = 0, sharers = 0;
    unsigned long cores = count_first(online, "thread_siblings_list", &threads);
    unsigned long sockets = count_first(online, "core_siblings_list", &sharers);
    if (cores > 0 && sockets > 0) {
        system_show_number(o, "Thread(s) per core", threads);
        system_show_number(o, "Core(s) per socket", cores / sockets);
        system_show_number(o, "Socket(s)", sockets);
    }
}

struct cache {
    char name[8]; /* "L1d" */
    uint64_t bytes;
    unsigned instances;
};

static uint64_t size_parse(const char *text)
{
    char *end;
    uint64_t size = strtoull(text, &end, 10);
    return *end == 'K' ? size << 10 : *end == 'M' ? size << 20 : size;
}

/* False: there is no such cache of this CPU. */
static bool cache_read(unsigned long cpu, unsigned index, struct cache *ret)
{
    char path[128];
    unsigned long sharers;
    snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/cache/index%u/size", cpu, index);
    AUTO(mem_freep) char *size = system_file_text(path);
    snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/cache/index%u/level", cpu, index);
    AUTO(mem_freep) char *level = system_file_text(path);
    snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/cache/index%u/type", cpu, index);
    AUTO(mem_freep) char *type = system_file_text(path);
    if (size == NULL || level == NULL || type == NULL) {
        return false;
    }
    snprintf(ret->name, sizeof(ret->name), "L%.2s%s", level,
             strcmp(type, "Data") == 0          ? "d"
             : strcmp(type, "Instruction") == 0 ? "i"
                                                : "");
    ret->bytes = size_parse(size);
    snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/cache/index%u/shared_cpu_list", cpu, index);
    ret->instances = is_first(cpu, path, &sharers);
    return true;
}

struct caches {
    struct cache list[CACHES_MAX];
    size_t count;
};

static void caches_count(struct caches *all, const struct cache *one)
{
    size_t i = 0;
    while (i < all->count && strcmp(all->list[i].name, one->name) != 0) {
        i++;
    }
    if (i == CACHES_MAX || one->instances == 0) {
        return;
    }
    if (i == all->count) {
        all->list[all->count++] = (struct cache){0};
        memcpy(all->list[i].name, one->name, sizeof(one->name));
    }
    all->list[i].bytes += one->bytes;
    all->list[i].instances++;
}

static void caches_of_cpu(struct caches *all, unsigned long cpu)
{
    struct cache one;
    for (unsigned index = 0; index < CACHES_MAX && cache_read(cpu, index, &one); index++) {
        caches_count(all, &one);
    }
}

void system_caches_add(json_t *o, const char *online)
{
    struct caches all = {.count = 0};
    struct cpu_range range;
    for (const char *p = online; cpu_range_next(&p, &range);) {
        for (unsigned long cpu = range.first; cpu <= range.last; cpu++) {
            caches_of_cpu(&all, cpu);
        }
    }
    for (size_t i = 0; i < all.count; i++) {
        char label[32], size[SYSTEM_TEXT_MAX], value[64];
        system_info_cache(all.list[i].bytes, size);
        snprintf(label, sizeof(label), "%s cache", all.list[i].name);
        snprintf(value, sizeof(value), "%s (%u instance%s)", size, all.list[i].instances,
                 all.list[i].instances != 1 ? "s" : "");
        system_show(o, label, value);
    }
}

void system_nodes_add(json_t *o)
{
    AUTO(mem_freep) char *online = system_file_text(NODE_DIR "/online");
    struct cpu_range range;
    if (online == NULL) {
        return;
    }
    system_show_number(o, "NUMA node(s)", cpu_ranges_count(online));
    for (const char *p = online; cpu_range_next(&p, &range);) {
        for (unsigned long node = range.first; node <= range.last && node < NODES_MAX; node++) {
            char label[64], path[128];
            snprintf(label, sizeof(label), "NUMA node%lu CPU(s)", node);
            snprintf(path, sizeof(path), NODE_DIR "/node%lu/cpulist", node);
            system_show_cpus(o, label, path);
        }
    }
}
