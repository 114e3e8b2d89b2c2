/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/product_key.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "engine/layout.h"
#include "engine/stage.h"
#include "model/job.h"
#include "model/runtime.h"

/* An unpacked archive of more is compiled each time: the loop stands still while it is hashed. */
#define HASHED_MAX (UINT64_C(32) << 20)

#define FORM "belljar compile stage 2"

static void md_freep(EVP_MD_CTX **md)
{
    EVP_MD_CTX_free(*md);
}

static void put_number(EVP_MD_CTX *md, uint64_t n)
{
    EVP_DigestUpdate(md, &n, sizeof(n));
}

static void put_bytes(EVP_MD_CTX *md, const void *data, size_t size)
{
    put_number(md, size);
    EVP_DigestUpdate(md, size > 0 ? data : "", size);
}

static void put_text(EVP_MD_CTX *md, const char *text)
{
    put_number(md, text != NULL);
    put_bytes(md, text, text ? strlen(text) : 0);
}

static void put_texts(EVP_MD_CTX *md, char *const *v)
{
    put_number(md, strv_len(v));
    for (; v && *v; v++) {
        put_text(md, *v);
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
static void put_tools(EVP_MD_CTX *md, char *const *command)
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
        EVP_DigestUpdate(md, all, sizeof(all));
    }
}

static void put_runtime(EVP_MD_CTX *md, const struct runtime *r)
{
    put_text(md, r->language);
    put_text(md, r->version);
    put_text(md, r->package);
    put_text(md, r->source);
    put_number(md, r->generation);
    put_bytes(md, r->layers, r->layer_count * sizeof(r->layers[0]));
    put_number(md, strv_len(r->compile.argv));
    /* Packages have their tools in layers, which never change. */
    if (r->source == NULL || strcmp(r->source, RUNTIME_OF_HOST) == 0) {
        put_tools(md, r->compile.argv);
        put_tools(md, r->compile_many.argv);
    }
}

/*
 * A program can ask for most of them, and the others decide whether it gets to its end.  Not that
 * of the output: what was cut is not kept, and a short one is the same below any limit.
 */
static void put_limits(EVP_MD_CTX *md, const struct limits *l)
{
    const uint64_t all[] = {
        l->wall_ms,       l->cpu_ms,     l->cpu_stop_ms, l->memory_bytes,
        l->stack_bytes,   l->disk_bytes, l->disk_inodes, l->file_bytes,
        l->address_bytes, l->open_files, l->processes,   l->cpu_milli,
    };
    EVP_DigestUpdate(md, all, sizeof(all));
}

static void put_stage(EVP_MD_CTX *md, const struct stage_plan *plan)
{
    put_texts(md, plan->argv);
    put_texts(md, plan->env);
    put_limits(md, plan->limits);
    put_number(md, plan->cpu_milli);
    put_number(md, plan->collect_max);
    put_number(md, plan->merge_stderr);
    put_number(md, plan->exact_output);
}

static void put_files(EVP_MD_CTX *md, const struct job *job, const struct layout *layout)
{
    put_number(md, job->file_count);
    for (size_t i = 0; i < job->file_count; i++) {
        put_text(md, layout->names[i]);
        put_number(md, job->files[i].executable);
        put_bytes(md, job->files[i].data, job->files[i].size);
    }
}

/* It is sealed: nobody can make it shorter under the reader. */
static bool put_archive(EVP_MD_CTX *md, int fd, uint64_t size)
{
    if (size > HASHED_MAX) {
        return false;
    }
    void *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (data == MAP_FAILED) {
        return false;
    }
    put_bytes(md, data, size);
    if (data) {
        munmap(data, size);
    }
    return true;
}

static bool put_input(EVP_MD_CTX *md, const struct stage_plan *plan, const struct layout *layout)
{
    put_number(md, plan->product_fd >= 0);
    if (plan->product_fd >= 0) {
        return put_archive(md, plan->product_fd, plan->product_size);
    }
    put_files(md, plan->job, layout);
    return true;
}

static bool finish(EVP_MD_CTX *md, char ret[PRODUCT_KEY_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!EVP_DigestFinal_ex(md, hash, &len) || len * 2 + 1 != PRODUCT_KEY_SIZE) {
        return false;
    }
    for (unsigned i = 0; i < len; i++) {
        static const char digits[] = "0123456789abcdef";
        ret[(size_t)2 * i] = digits[hash[i] >> 4];
        ret[(size_t)2 * i + 1] = digits[hash[i] & 15];
    }
    ret[PRODUCT_KEY_SIZE - 1] = '\0';
    return true;
}

bool product_key_make(const struct stage_plan *plan, const struct layout *layout,
                      const char *caller, char ret[PRODUCT_KEY_SIZE])
{
    AUTO(md_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool repeats = !plan->network && plan->job->runtime->generation > 0;
    if (!repeats || !md || !EVP_DigestInit_ex(md, EVP_sha256(), NULL)) {
        return false;
    }
    put_text(md, FORM);
    put_text(md, caller);
    put_runtime(md, plan->job->runtime);
    put_stage(md, plan);
    return put_input(md, plan, layout) && finish(md, ret);
}
