/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/system_info.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "api/json.h"
#include "api/judge0/info.h"
#include "api/judge0/judge0.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"

#define CPU_DIR    "/sys/devices/system/cpu"
#define NODE_DIR   "/sys/devices/system/node"
#define FILE_MAX   (64 << 20)
#define NODES_MAX  1024
#define CACHES_MAX 16

/* Values are text of the kernel's, which need not be UTF-8. */
static void show(json_t *o, const char *label, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        json_object_set_new(o, label, json_repaired(value, strlen(value)));
    }
}

static void show_number(json_t *o, const char *label, unsigned long value)
{
    char text[SYSTEM_TEXT_MAX];
    snprintf(text, sizeof(text), "%lu", value);
    show(o, label, text);
}

/* A small file's text without its line end; NULL when it cannot be read. */
static char *file_text(const char *path)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e = {0};
    if (fd_read_path(path, FILE_MAX, &text, &e) < 0 || text.len == 0) {
        return NULL;
    }
    text.data[strcspn(text.data, "\n")] = '\0';
    return buf_take(&text);
}

/* --- lists of CPUs --------------------------------------------------------------------------- */

struct cpu_range {
    unsigned long first, last;
};

static bool range_next(const char **p, struct cpu_range *ret)
{
    char *end;
    if (!isdigit((unsigned char)**p)) {
        return false;
    }
    ret->first = strtoul(*p, &end, 10);
    ret->last = *end == '-' ? strtoul(end + 1, &end, 10) : ret->first;
    *p = *end == ',' ? end + 1 : end;
    return true;
}

char *system_info_cpus(const char *list)
{
    struct buf text = {0};
    struct cpu_range range;
    buf_add_str(&text, "");
    while (range_next(&list, &range)) {
        buf_add_fmt(&text, "%s%lu", text.len > 0 ? "," : "", range.first);
        if (range.last > range.first) {
            buf_add_fmt(&text, "%c%lu", range.last == range.first + 1 ? ',' : '-', range.last);
        }
    }
    return text.data != NULL ? buf_take(&text) : xstrdup("");
}

static unsigned long cpus_count(const char *list)
{
    unsigned long count = 0;
    struct cpu_range range;
    while (range_next(&list, &range)) {
        count += range.last - range.first + 1;
    }
    return count;
}

static void show_cpus(json_t *o, const char *label, const char *path)
{
    AUTO(mem_freep) char *list = file_text(path);
    AUTO(mem_freep) char *text = list != NULL ? system_info_cpus(list) : NULL;
    show(o, label, text);
}

/* --- what the CPU says ----------------------------------------------------------------------- */

/* The value of a line "name : value" of the first CPU; the caller frees. */
static char *cpuinfo_value(const char *cpuinfo, const char *name)
{
    for (const char *line = cpuinfo; line != NULL && *line != '\0';) {
        const char *end = line + strcspn(line, "\n");
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (str_starts(line, name) && colon != NULL &&
            line + strlen(name) + strspn(line + strlen(name), " \t") == colon) {
            const char *value = colon + 1 + strspn(colon + 1, " \t");
            return value < end ? xstrndup(value, (size_t)(end - value)) : NULL;
        }
        line = *end != '\0' ? end + 1 : NULL;
    }
    return NULL;
}

static bool has_word(const char *words, const char *word)
{
    AUTO(strv_freep) char **list = strv_split(words != NULL ? words : "", " ");
    return strv_has(list, word);
}

static void show_cpuinfo(json_t *o, const char *cpuinfo, const char *label, const char *name)
{
    AUTO(mem_freep) char *value = cpuinfo_value(cpuinfo, name);
    show(o, label, value);
}

static void architecture_add(json_t *o, const char *cpuinfo)
{
    struct utsname host;
    AUTO(mem_freep) char *flags = cpuinfo_value(cpuinfo, "flags");
    show(o, "Architecture", uname(&host) == 0 ? host.machine : NULL);
    show(o, "CPU op-mode(s)", has_word(flags, "lm") ? "32-bit, 64-bit" : NULL);
    show_cpuinfo(o, cpuinfo, "Address sizes", "address sizes");
    show(o, "Byte Order",
         __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "Little Endian" : "Big Endian");
}

static void counts_add(json_t *o)
{
    AUTO(mem_freep) char *present = file_text(CPU_DIR "/present");
    if (present != NULL) {
        show_number(o, "CPU(s)", cpus_count(present));
    }
    show_cpus(o, "On-line CPU(s) list", CPU_DIR "/online");
}

static void model_add(json_t *o, const char *cpuinfo)
{
    show_cpuinfo(o, cpuinfo, "Vendor ID", "vendor_id");
    show_cpuinfo(o, cpuinfo, "Model name", "model name");
    show_cpuinfo(o, cpuinfo, "CPU family", "cpu family");
    show_cpuinfo(o, cpuinfo, "Model", "model");
}

static void features_add(json_t *o, const char *cpuinfo)
{
    AUTO(mem_freep) char *flags = cpuinfo_value(cpuinfo, "flags");
    show_cpuinfo(o, cpuinfo, "Stepping", "stepping");
    show_cpuinfo(o, cpuinfo, "BogoMIPS", "bogomips");
    show_cpuinfo(o, cpuinfo, "BogoMIPS", "BogoMIPS"); /* ARM */
    show(o, "Flags", flags);
    show_cpuinfo(o, cpuinfo, "Flags", "Features"); /* ARM */
    show(o, "Virtualization",
         has_word(flags, "svm")   ? "AMD-V"
         : has_word(flags, "vmx") ? "VT-x"
                                  : NULL);
}

/* --- cores and caches ------------------------------------------------------------------------ */

/* Of CPUs that share something, the first one counts for it. */
static bool is_first(unsigned long cpu, const char *path, unsigned long *ret_sharers)
{
    AUTO(mem_freep) char *list = file_text(path);
    const char *p = list != NULL ? list : "";
    struct cpu_range range;
    if (!range_next(&p, &range) || range.first != cpu) {
        return false;
    }
    *ret_sharers = cpus_count(list);
    return true;
}

static unsigned long count_first(const char *online, const char *file, unsigned long *ret_sharers)
{
    unsigned long count = 0;
    struct cpu_range range;
    for (const char *p = online; range_next(&p, &range);) {
        for (unsigned long cpu = range.first; cpu <= range.last; cpu++) {
            char path[128];
            snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/topology/%s", cpu, file);
            count += is_first(cpu, path, ret_sharers);
        }
    }
    return count;
}

static void topology_add(json_t *o, const char *online)
{
    unsigned long threads = 0, sharers = 0;
    unsigned long cores = count_first(online, "thread_siblings_list", &threads);
    unsigned long sockets = count_first(online, "core_siblings_list", &sharers);
    if (cores > 0 && sockets > 0) {
        show_number(o, "Thread(s) per core", threads);
        show_number(o, "Core(s) per socket", cores / sockets);
        show_number(o, "Socket(s)", sockets);
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
    AUTO(mem_freep) char *size = file_text(path);
    snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/cache/index%u/level", cpu, index);
    AUTO(mem_freep) char *level = file_text(path);
    snprintf(path, sizeof(path), CPU_DIR "/cpu%lu/cache/index%u/type", cpu, index);
    AUTO(mem_freep) char *type = file_text(path);
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

static void caches_add(json_t *o, const char *online)
{
    struct caches all = {.count = 0};
    struct cpu_range range;
    for (const char *p = online; range_next(&p, &range);) {
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
        show(o, label, value);
    }
}

static void nodes_add(json_t *o)
{
    AUTO(mem_freep) char *online = file_text(NODE_DIR "/online");
    struct cpu_range range;
    if (online == NULL) {
        return;
    }
    show_number(o, "NUMA node(s)", cpus_count(online));
    for (const char *p = online; range_next(&p, &range);) {
        for (unsigned long node = range.first; node <= range.last && node < NODES_MAX; node++) {
            char label[64], path[128];
            snprintf(label, sizeof(label), "NUMA node%lu CPU(s)", node);
            snprintf(path, sizeof(path), NODE_DIR "/node%lu/cpulist", node);
            show_cpus(o, label, path);
        }
    }
}

/* --- vulnerabilities ------------------------------------------------------------------------- */

static int name_compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* "spec_store_bypass" is "Vulnerability Spec store bypass". */
static void vulnerability_add(json_t *o, const char *name)
{
    AUTO(mem_freep) char *path = xasprintf(CPU_DIR "/vulnerabilities/%s", name);
    AUTO(mem_freep) char *value = file_text(path);
    AUTO(mem_freep) char *label = xasprintf("Vulnerability %s", name);
    char *word = label + strlen("Vulnerability ");
    *word = (char)toupper((unsigned char)*word);
    for (; *word != '\0'; word++) {
        *word = *word == '_' ? ' ' : *word;
    }
    show(o, label, value);
}

static void vulnerabilities_add(json_t *o)
{
    struct err e = {0};
    AUTO(dir_closep) DIR *dir = NULL;
    AUTO(strv_freep) char **names = NULL;
    if (dir_open(-1, CPU_DIR "/vulnerabilities", &dir, &e) < 0) {
        return;
    }
    for (const struct dirent *entry; (entry = dir_next(dir)) != NULL;) {
        strv_add(&names, entry->d_name);
    }
    if (names != NULL) {
        qsort(names, strv_len(names), sizeof(*names), name_compare);
    }
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        vulnerability_add(o, names[i]);
    }
}

/* --- memory ---------------------------------------------------------------------------------- */

static const char units[] = "BKMGTPE";

/* The smallest unit that leaves few enough characters: five with the "i", four of plain bytes. */
void system_info_memory(uint64_t bytes, char ret[SYSTEM_TEXT_MAX])
{
    if (snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 "B", bytes) <= 4) {
        return;
    }
    double value = (double)bytes;
    for (const char *unit = units + 1; *unit != '\0'; unit++) {
        value /= 1024;
        if (snprintf(ret, SYSTEM_TEXT_MAX, "%.1f%ci", value, *unit) <= 5 ||
            snprintf(ret, SYSTEM_TEXT_MAX, "%ld%ci", (long)value, *unit) <= 5) {
            return;
        }
    }
}

/* The largest unit of which there is one at least, with one decimal where it is not zero. */
void system_info_cache(uint64_t bytes, char ret[SYSTEM_TEXT_MAX])
{
    unsigned exponent = 0;
    while (exponent + 2 < sizeof(units) && bytes >> (10 * (exponent + 1)) > 0) {
        exponent++;
    }
    if (exponent == 0) {
        snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 " B", bytes);
        return;
    }
    uint64_t unit = UINT64_C(1) << (10 * exponent);
    uint64_t tenths = (bytes / unit) * 10 + ((bytes % unit) * 10 + unit / 2) / unit;
    if (tenths % 10 != 0) {
        snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 ".%u %ciB", tenths / 10, (unsigned)(tenths % 10),
                 units[exponent]);
    } else {
        snprintf(ret, SYSTEM_TEXT_MAX, "%" PRIu64 " %ciB", tenths / 10, units[exponent]);
    }
}

static void show_memory(json_t *o, const char *label, const char *meminfo, const char *name)
{
    AUTO(mem_freep) char *kilobytes = cpuinfo_value(meminfo, name);
    char text[SYSTEM_TEXT_MAX];
    if (kilobytes != NULL) {
        system_info_memory(strtoull(kilobytes, NULL, 10) * 1024, text);
        show(o, label, text);
    }
}

static void memory_add(json_t *o)
{
    AUTO(buf_done) struct buf meminfo = {0};
    struct err e = {0};
    if (fd_read_path("/proc/meminfo", FILE_MAX, &meminfo, &e) == 0 && meminfo.len > 0) {
        show_memory(o, "Mem", meminfo.data, "MemTotal");
        show_memory(o, "Swap", meminfo.data, "SwapTotal");
    }
}

/* --- the whole ------------------------------------------------------------------------------- */

json_t *system_info_json(void)
{
    json_t *o = json_object();
    AUTO(buf_done) struct buf file = {0};
    AUTO(mem_freep) char *online = file_text(CPU_DIR "/online");
    struct err e = {0};
    bool has_cpuinfo = fd_read_path("/proc/cpuinfo", FILE_MAX, &file, &e) == 0 && file.len > 0;
    const char *cpuinfo = has_cpuinfo ? file.data : "";
    const char *cpus = online != NULL ? online : "";
    architecture_add(o, cpuinfo);
    counts_add(o);
    model_add(o, cpuinfo);
    topology_add(o, cpus);
    features_add(o, cpuinfo);
    caches_add(o, cpus);
    nodes_add(o);
    vulnerabilities_add(o);
    memory_add(o);
    return o;
}

/* Once: a host does not change while a server runs. */
void system_info_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    if (!info_admits(r, j)) {
        return;
    }
    if (j->system_info == NULL) {
        j->system_info = system_info_json();
    }
    judge0_respond(r, 200, json_incref(j->system_info));
}
