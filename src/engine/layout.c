/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "model/job.h"
#include "model/runtime.h"

#define FILE_MODE       0644
#define EXECUTABLE_MODE 0755

/* What Piston and its clients call a file that has no name: "file0.code". */
#define NAMELESS_EXTENSION ".code"

static bool has_extension(const char *name, char *const *extensions)
{
    for (; extensions && *extensions; extensions++) {
        if (str_ends(name, *extensions)) {
            return true;
        }
    }
    return false;
}

static bool is_header(const struct runtime *r, const char *name)
{
    return has_extension(name, r->header_extensions);
}

static bool is_bare(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash ? slash + 1 : name, '.');
    return !dot || strcmp(dot, NAMELESS_EXTENSION) == 0;
}

/* --- names that are given already, for finding out whether a new one is free ------------ */

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct name_set {
    const char **sorted; /* made when it is first asked for: few jobs need it */
    size_t count;
};

static bool name_is_given(struct name_set *set, const struct job *job, const char *name)
{
    if (!set->sorted) {
        set->sorted = xcalloc(job->file_count, sizeof(char *));
        for (; set->count < job->file_count; set->count++) {
            set->sorted[set->count] = job->files[set->count].name;
        }
        qsort(set->sorted, set->count, sizeof(char *), name_compare);
    }
    return bsearch(&name, set->sorted, set->count, sizeof(char *), name_compare) != NULL;
}

/* Two files that get an extension had different names before, so they cannot meet. */
static char *layout_rename(const struct job *job, struct name_set *given, const char *name)
{
    const char *extension = job->runtime->extensions[0];
    char *longer = xasprintf("%s%s", name, extension);
    while (name_is_given(given, job, longer)) {
        char *next = xasprintf("%s%s", longer, extension);
        free(longer);
        longer = next;
    }
    return longer;
}

static bool wants_extension(const struct job *job, size_t i)
{
    const struct runtime *r = job->runtime;
    const struct job_file *f = &job->files[i];
    if (!r->needs_extension || !r->extensions || !r->extensions[0] || !f->code) {
        return false;
    }
    if (has_extension(f->name, r->extensions) || is_header(r, f->name)) {
        return false;
    }
    return i == job->main_file || is_bare(f->name);
}

static bool is_source(const struct job *job, size_t i, const char *name)
{
    const struct runtime *r = job->runtime;
    if (!job->files[i].code || is_header(r, name)) {
        return false;
    }
    return !r->needs_extension || has_extension(name, r->extensions);
}

static void layout_find_main(const struct job *job, struct layout *l)
{
    l->main = job->main_file;
    for (size_t i = 0; i < job->file_count && !l->is_source[l->main]; i++) {
        if (l->is_source[i]) {
            l->main = i;
        }
    }
}

void layout_make(const struct job *job, struct layout *ret)
{
    struct layout l = {.file_count = job->file_count};
    struct name_set given = {0};
    if (job->file_count > 0) {
        l.names = xcalloc(job->file_count, sizeof(char *));
        l.renamed = xcalloc(job->file_count + 1, sizeof(char *));
        l.is_source = xcalloc(job->file_count, sizeof(bool));
    }
    size_t renamed = 0;
    for (size_t i = 0; i < job->file_count; i++) {
        l.names[i] = job->files[i].name;
        if (wants_extension(job, i)) {
            l.renamed[renamed] = layout_rename(job, &given, l.names[i]);
            l.names[i] = l.renamed[renamed++];
        }
        l.is_source[i] = is_source(job, i, l.names[i]);
        l.source_count += l.is_source[i];
    }
    free(given.sorted);
    if (job->file_count > 0) {
        layout_find_main(job, &l);
    }
    *ret = l;
}

void layout_done(struct layout *l)
{
    strv_free(l->renamed);
    free(l->names);
    free(l->is_source);
    *l = (struct layout){0};
}

const char *layout_main(const struct layout *l)
{
    return l->names ? l->names[l->main] : "";
}

int layout_archive(const struct job *job, const struct layout *l, struct buf *ret, struct err *e)
{
    for (size_t i = 0; i < job->file_count; i++) {
        const struct job_file *f = &job->files[i];
        uint32_t mode = f->executable ? EXECUTABLE_MODE : FILE_MODE;
        int r = boxarchive_add(ret, BOXARCHIVE_FILE, mode, l->names[i], f->data, f->size, e);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}
