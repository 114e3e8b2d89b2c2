/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/product_key.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "engine/layout.h"
#include "engine/stage.h"
#include "model/job.h"
#include "model/runtime.h"
#include "packages/sha256.h"

/* An unpacked archive of more is compiled each time: the loop stands still while it is hashed. */
#define HASHED_MAX (UINT64_C(32) << 20)

#define FORM "belljar compile stage 2"

static void put_number(struct sha256 *hash, uint64_t n)
{
    sha256_add(hash, &n, sizeof(n));
}

static void put_bytes(struct sha256 *hash, const void *data, size_t size)
{
    put_number(hash, size);
    sha256_add(hash, data, size);
}

static void put_text(struct sha256 *hash, const char *text)
{
    put_number(hash, text != NULL);
    put_bytes(hash, text, text ? strlen(text) : 0);
}

static void put_texts(struct sha256 *hash, char *const *v)
{
    put_number(hash, strv_len(v));
    for (; v && *v; v++) {
        put_text(hash, *v);
    }
}

static uint64_t ns_of(struct timespec t)
{
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/*
 * The programs that a command names, as they are at this moment: no look at the host is made when
 * somebody puts another one in place by hand.  What these use in their turn is not looked at.
 */
static void put_tools(struct sha256 *hash, char *const *command)
{
    for (; command && *command; command++) {
        struct stat st = {0};
        bool there = (*command)[0] == '/' && stat(*command, &st) == 0;
        const uint64_t all[] = {there,
                                st.st_dev,
                                st.st_ino,
                                (uint64_t)st.st_size,
                                ns_of(st.st_mtim),
                                ns_of(st.st_ctim)};
        sha256_add(hash, all, sizeof(all));
    }
}

static void put_runtime(struct sha256 *hash, const struct runtime *r)
{
    put_text(hash, r->language);
    put_text(hash, r->version);
    put_text(hash, r->package);
    put_text(hash, r->source);
    put_number(hash, r->generation);
    put_bytes(hash, r->layers, r->layer_count * sizeof(r->layers[0]));
    put_number(hash, strv_len(r->compile.argv));
    /* Packages have their tools in layers, which never change. */
    if (r->source == NULL || strcmp(r->source, RUNTIME_OF_HOST) == 0) {
        put_tools(hash, r->compile.argv);
        put_tools(hash, r->compile_many.argv);
    }
}

/*
 * A program can ask for most of them, and the others decide whether it gets to its end.  Not that
 * of the output: what was cut is not kept, and a short one is the same below any limit.
 */
static void put_limits(struct sha256 *hash, const struct limits *l)
{
    const uint64_t all[] = {
        l->wall_ms,       l->cpu_ms,     l->cpu_stop_ms, l->memory_bytes,
        l->stack_bytes,   l->disk_bytes, l->disk_inodes, l->file_bytes,
        l->address_bytes, l->open_files, l->processes,   l->cpu_milli,
    };
    sha256_add(hash, all, sizeof(all));
}

static void put_stage(struct sha256 *hash, const struct stage_plan *plan)
{
    put_texts(hash, plan->argv);
    put_texts(hash, plan->env);
    put_limits(hash, plan->limits);
    put_number(hash, plan->cpu_milli);
    put_number(hash, plan->collect_max);
    put_number(hash, plan->merge_stderr);
    put_number(hash, plan->exact_output);
}

static void put_files(struct sha256 *hash, const struct job *job, const struct layout *layout)
{
    put_number(hash, job->file_count);
    for (size_t i = 0; i < job->file_count; i++) {
        put_text(hash, layout->names[i]);
        put_number(hash, job->files[i].executable);
        put_bytes(hash, job->files[i].data, job->files[i].size);
    }
}

/* It is sealed: nobody can make it shorter under the reader. */
static bool put_archive(struct sha256 *hash, int fd, uint64_t size)
{
    if (size > HASHED_MAX) {
        return false;
    }
    void *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (data == MAP_FAILED) {
        return false;
    }
    put_bytes(hash, data, size);
    if (data) {
        munmap(data, size);
    }
    return true;
}

static bool put_input(struct sha256 *hash, const struct stage_plan *plan,
                      const struct layout *layout)
{
    put_number(hash, plan->product_fd >= 0);
    if (plan->product_fd >= 0) {
        return put_archive(hash, plan->product_fd, plan->product_size);
    }
    put_files(hash, plan->job, layout);
    return true;
}

bool product_key_make(const struct stage_plan *plan, const struct layout *layout,
                      const char *caller, char ret[PRODUCT_KEY_SIZE])
{
    if (plan->network || plan->job->runtime->generation == 0) {
        return false;
    }
    AUTO(sha256_freep) struct sha256 *hash = sha256_new();
    put_text(hash, FORM);
    put_text(hash, caller);
    put_runtime(hash, plan->job->runtime);
    put_stage(hash, plan);
    if (!put_input(hash, plan, layout)) {
        return false;
    }
    _Static_assert(PRODUCT_KEY_SIZE == SHA256_CHARS + 1, "a product's name is a SHA-256");
    sha256_end(hash, ret);
    return true;
}
