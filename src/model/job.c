/* SPDX-License-Identifier: Apache-2.0 */
#include "model/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/runtime.h"

#define NAME_BYTES_MAX      4095
#define COMPONENT_BYTES_MAX 255
#define COMPONENTS_MAX      64

struct job *job_new(void)
{
    return xcalloc(1, sizeof(struct job));
}

static void file_done(struct job_file *f)
{
    free(f->name);
    free(f->data);
    *f = (struct job_file){0};
}

static void test_done(struct job_test *t)
{
    free(t->name);
    free(t->stdin_data);
    free(t->expected_data);
}

void job_free(struct job *job)
{
    if (job == NULL) {
        return;
    }
    runtime_unref(job->runtime);
    for (size_t i = 0; i < job->file_count; i++) {
        file_done(&job->files[i]);
    }
    free(job->files);
    for (size_t i = 0; i < job->test_count; i++) {
        test_done(&job->tests[i]);
    }
    free(job->tests);
    strv_free(job->artifacts);
    free(job->caller);
    free(job->stdin_data);
    free(job->zip_data);
    free(job->expected_data);
    strv_free(job->args);
    strv_free(job->compile_args);
    strv_free(job->env);
    free(job);
}

size_t job_bytes(const struct job *job)
{
    size_t bytes = job->stdin_size + job->zip_size + job->expected_size;
    for (size_t i = 0; i < job->file_count; i++) {
        bytes += job->files[i].size;
    }
    for (size_t i = 0; i < job->test_count; i++) {
        bytes += sizeof(job->tests[i]) + job->tests[i].stdin_size + job->tests[i].expected_size;
    }
    return bytes;
}

void job_freep(struct job **job)
{
    job_free(*job);
    *job = NULL;
}

/* Room for one more behind `count`; doubled at powers of two, so that thousands stay linear. */
static void *grown(void *array, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0;
    return full ? xreallocarray(array, count > 0 ? count * 2 : 1, size) : array;
}

static struct job_file *file_slot(struct job *job)
{
    job->files = grown(job->files, job->file_count, sizeof(job->files[0]));
    return &job->files[job->file_count++];
}

struct job_test *job_add_test(struct job *job)
{
    job->tests = grown(job->tests, job->test_count, sizeof(job->tests[0]));
    struct job_test *t = &job->tests[job->test_count++];
    *t = (struct job_test){.limits = job->run};
    return t;
}

struct job_file *job_add_file(struct job *job, const char *name, const void *data, size_t size,
                              bool code)
{
    struct job_file *f = file_slot(job);
    *f = (struct job_file){xstrdup(name), xmemdup(data, size), size, code, false};
    return f;
}

/* The path so far, and where each of its components begins. */
struct name_path {
    struct buf text;
    size_t starts[COMPONENTS_MAX];
    size_t depth;
};

static void name_path_done(struct name_path *p)
{
    buf_done(&p->text);
}

static int name_path_up(struct name_path *p, struct err *e)
{
    if (p->depth == 0) {
        return err_set(e, ERR_INVALID, "the file name leads out of the working directory");
    }
    p->text.len = p->starts[--p->depth];
    p->text.data[p->text.len] = '\0';
    return 0;
}

static int name_path_push(struct name_path *p, const char *component, size_t len, struct err *e)
{
    if (len > COMPONENT_BYTES_MAX) {
        return err_set(e, ERR_INVALID, "a part of the file name has more than %d bytes",
                       COMPONENT_BYTES_MAX);
    }
    if (p->depth == COMPONENTS_MAX) {
        return err_set(e, ERR_INVALID, "the file name has more than %d parts", COMPONENTS_MAX);
    }
    p->starts[p->depth++] = p->text.len;
    if (p->text.len > 0) {
        buf_add_char(&p->text, '/');
    }
    buf_add(&p->text, component, len);
    return 0;
}

static bool is_here(const char *component, size_t len)
{
    return len == 0 || (len == 1 && component[0] == '.');
}

static bool is_up(const char *component, size_t len)
{
    return len == 2 && component[0] == '.' && component[1] == '.';
}

static int name_path_add(struct name_path *p, const char *component, size_t len, struct err *e)
{
    if (is_here(component, len)) {
        return 0;
    }
    return is_up(component, len) ? name_path_up(p, e) : name_path_push(p, component, len, e);
}

int job_file_name_check(const char *name, size_t len, char **ret_name, struct err *e)
{
    if (memchr(name, '\0', len) != NULL) {
        return err_set(e, ERR_INVALID, "the file name has a NUL byte");
    }
    AUTO(name_path_done) struct name_path path = {0};
    const char *component = name;
    size_t component_len = 0;
    for (size_t at = 0; at <= len; at += component_len + 1) {
        component = name + at;
        const char *slash = memchr(component, '/', len - at);
        component_len = slash != NULL ? (size_t)(slash - component) : len - at;
        int r = name_path_add(&path, component, component_len, e);
        if (r < 0) {
            return r;
        }
    }
    if (path.text.len == 0) {
        return err_set(e, ERR_INVALID, "the file name is empty");
    }
    if (is_here(component, component_len) || is_up(component, component_len)) {
        return err_set(e, ERR_INVALID, "the file name is that of a directory");
    }
    if (path.text.len > NAME_BYTES_MAX) {
        return err_set(e, ERR_INVALID, "the file name has more than %d bytes", NAME_BYTES_MAX);
    }
    *ret_name = buf_take(&path.text);
    return 0;
}

static int names_resolve(struct job *job, struct err *e)
{
    for (size_t i = 0; i < job->file_count; i++) {
        struct job_file *f = &job->files[i];
        char *name = NULL;
        if (job_file_name_check(f->name, strlen(f->name), &name, e) < 0) {
            return err_wrap(e, "file '%.80s'", f->name);
        }
        free(f->name);
        f->name = name;
    }
    return 0;
}

/* '/' below every other byte: what lies in directory "a" then follows "a" at once. */
static int path_rank(char c)
{
    return c == '\0' ? 0 : c == '/' ? 1 : (unsigned char)c + 1;
}

static int path_compare(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    return path_rank(*a) - path_rank(*b);
}

static int file_compare(const void *left, const void *right)
{
    struct job_file *const *a = left;
    struct job_file *const *b = right;
    int order = path_compare((*a)->name, (*b)->name);
    return order != 0 ? order : (*a > *b) - (*a < *b);
}

static bool lies_in(const char *name, const char *directory)
{
    size_t len = strlen(directory);
    return strncmp(name, directory, len) == 0 && name[len] == '/';
}

/* The first keeps its place and gets the later one's content; the later one is emptied. */
static void file_merge(struct job_file *first, struct job_file *later)
{
    free(first->data);
    first->data = TAKE(&later->data, NULL);
    first->size = later->size;
    first->code = first->code || later->code;
    file_done(later);
}

/*
 * Closes the gaps in a new array: job_add_file takes it for granted that the array
 * was grown at each power of two.
 */
static void files_compact(struct job *job)
{
    struct job_file *old = TAKE(&job->files, NULL);
    size_t count = TAKE(&job->file_count, 0);
    for (size_t i = 0; i < count; i++) {
        if (old[i].name != NULL) {
            *file_slot(job) = old[i];
        }
    }
    free(old);
}

static size_t first_code_file(const struct job *job)
{
    for (size_t i = 0; i < job->file_count; i++) {
        if (job->files[i].code) {
            return i;
        }
    }
    return 0;
}

static int duplicates_merge(struct job *job, struct err *e)
{
    AUTO(mem_freep) struct job_file **sorted = xcalloc(job->file_count, sizeof(struct job_file *));
    for (size_t i = 0; i < job->file_count; i++) {
        sorted[i] = &job->files[i];
    }
    qsort(sorted, job->file_count, sizeof(struct job_file *), file_compare);

    struct job_file *last = NULL;
    for (size_t i = 0; i < job->file_count; i++) {
        struct job_file *f = sorted[i];
        if (last != NULL && lies_in(f->name, last->name)) {
            return err_set(e, ERR_INVALID, "'%.80s' is a file and a directory", last->name);
        }
        if (last != NULL && strcmp(f->name, last->name) == 0) {
            file_merge(last, f);
        } else {
            last = f;
        }
    }
    files_compact(job);
    return 0;
}

int job_check(struct job *job, struct err *e)
{
    int r = names_resolve(job, e);
    if (r < 0) {
        return r;
    }
    if (job->file_count > 1) {
        r = duplicates_merge(job, e);
        if (r < 0) {
            return r;
        }
    }
    job->main_file = first_code_file(job);
    return 0;
}
