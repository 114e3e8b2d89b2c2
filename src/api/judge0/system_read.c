/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/system_read.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/judge0/system_info.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

/* Values are text of the kernel's, which need not be UTF-8. */
void system_show(json_t *o, const char *label, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        json_object_set_new(o, label, json_repaired(value, strlen(value)));
    }
}

void system_show_number(json_t *o, const char *label, unsigned long value)
{
    char text[SYSTEM_TEXT_MAX];
    snprintf(text, sizeof(text), "%lu", value);
    system_show(o, label, text);
}

/* A small file's text without its line end; NULL when it cannot be read. */
char *system_file_text(const char *path)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e = {0};
    if (fd_read_path(path, SYSTEM_FILE_MAX, &text, &e) < 0 || text.len == 0) {
        return NULL;
    }
    text.data[strcspn(text.data, "\n")] = '\0';
    return buf_take(&text);
}

bool cpu_range_next(const char **p, struct cpu_range *ret)
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
    while (cpu_range_next(&list, &range)) {
        buf_add_fmt(&text, "%s%lu", text.len > 0 ? "," : "", range.first);
        if (range.last > range.first) {
            buf_add_fmt(&text, "%c%lu", range.last == range.first + 1 ? ',' : '-', range.last);
        }
    }
    return text.data != NULL ? buf_take(&text) : xstrdup("");
}

unsigned long cpu_ranges_count(const char *list)
{
    unsigned long count = 0;
    struct cpu_range range;
    while (cpu_range_next(&list, &range)) {
        count += range.last - range.first + 1;
    }
    return count;
}

void system_show_cpus(json_t *o, const char *label, const char *path)
{
    AUTO(mem_freep) char *list = system_file_text(path);
    AUTO(mem_freep) char *text = list != NULL ? system_info_cpus(list) : NULL;
    system_show(o, label, text);
}
