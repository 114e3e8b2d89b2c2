/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/judge0/dump.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/db_lines.h"
#include "model/execution.h"

int db_file_make(const char *path, int *ret_fd, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        return err_set(e, ERR_INVALID, "'%s' is there already; name a new file", path);
    }
    if (fd < 0) {
        return err_sys(e, "making '%s'", path);
    }
    *ret_fd = fd;
    return 0;
}

/* --- export -------------------------------------------------------------------------------- */

struct export
{
    FILE *out;
    uint64_t count;
};

static int export_one(void *ctx, const struct execution *x, struct err *e)
{
    struct export *export = ctx;
    export->count++;
    return db_lines_put(export->out, x, e);
}

static void stream_close(FILE **f)
{
    if (*f != NULL) {
        fclose(*f);
    }
    *f = NULL;
}

static bool is_stdout(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

static int export_open(const char *path, FILE **ret, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    if (is_stdout(path)) {
        fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    } else if (db_file_make(path, &fd, e) < 0) {
        return -(int)e->kind;
    }
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL) {
        return err_sys(e, "opening the export");
    }
    fd = -1; /* the stream's */
    *ret = out;
    return 0;
}

int db_export(struct db *db, struct err *e)
{
    struct export export = {0};
    AUTO(stream_close) FILE *out = NULL;
    int r = export_open(db->words[0], &out, e);
    if (r == 0) {
        r = db_open(db, false, e);
    }
    if (r < 0) {
        return r;
    }
    export.out = out;
    r = db_lines_begin(out, e);
    if (r == 0) {
        r = store_admin_each(db->store.admin, export_one, &export, e);
    }
    if (r == 0 && (fflush(out) != 0 || (!is_stdout(db->words[0]) && fsync(fileno(out)) < 0))) {
        r = err_sys(e, "writing the export");
    }
    if (r == 0) {
        fprintf(stderr, "%" PRIu64 " executions exported\n", export.count);
    }
    return r;
}

/* --- import -------------------------------------------------------------------------------- */

struct import {
    struct store_admin *admin;
    size_t added, known, refused;
};

static int import_one(void *ctx, struct execution *x, struct err *e)
{
    struct import *import = ctx;
    bool added = false;
    int r = store_admin_add(import->admin, x, &added, e);
    import->added += r == 0 && added;
    import->known += r == 0 && !added;
    execution_unref(x);
    return r;
}

static void say_refused(void *ctx, size_t line, const char *what)
{
    (void)ctx;
    fprintf(stderr, "line %zu is left out: %s is missing or not readable\n", line, what);
}

static int import_dump(struct import *import, const struct db *db, FILE *in, struct err *e)
{
    struct dump_counts counts;
    int r = dump_read(in, db->run_unfinished, import_one, say_refused, import, &counts, e);
    import->refused = counts.refused;
    if (r == 0 && counts.unfinished > 0) {
        fprintf(stderr, "%zu submissions were not finished by Judge0: %s\n", counts.unfinished,
                db->run_unfinished ? "they run at the next start"
                                   : "they are now Internal Error (--run-unfinished runs them)");
    }
    return r;
}

static int import_lines(struct import *import, FILE *in, struct err *e)
{
    AUTO(mem_freep) char *line = NULL;
    size_t cap = 0, number = 1;
    int r = 0;
    while (r == 0 && getline(&line, &cap, in) >= 0) {
        struct execution *x = NULL;
        number++;
        r = db_lines_parse(line, &x, e);
        if (r < 0) {
            return err_wrap(e, "line %zu", number);
        }
        r = import_one(import, x, e);
    }
    return r == 0 && ferror(in) ? err_sys(e, "reading the export") : r;
}

/* Which of the two it is, is known from the first line. */
static int import_file(struct import *import, const struct db *db, FILE *in, struct err *e)
{
    AUTO(mem_freep) char *line = NULL;
    size_t cap = 0;
    bool ours = false;
    if (getline(&line, &cap, in) < 0) {
        return err_set(e, ERR_INVALID, "'%s' is empty", db->words[0]);
    }
    int r = db_lines_check(line, &ours, e);
    if (r < 0 || ours) {
        return r < 0 ? r : import_lines(import, in, e);
    }
    rewind(in);
    return import_dump(import, db, in, e);
}

static int import_open(const char *path, FILE **ret, struct err *e)
{
    *ret = fopen(path, "re");
    return *ret == NULL ? err_sys(e, "open '%s'", path) : 0;
}

int db_import(struct db *db, struct err *e)
{
    AUTO(stream_close) FILE *in = NULL;
    int r = import_open(db->words[0], &in, e);
    if (r == 0) {
        r = db_open(db, true, e);
    }
    if (r < 0) {
        return r;
    }
    struct import import = {.admin = db->store.admin};
    r = import_file(&import, db, in, e);
    if (r == 0) {
        r = store_admin_commit(db->store.admin, e);
    }
    if (r == 0) {
        printf("%zu executions imported, %zu were there already, %zu left out\n", import.added,
               import.known, import.refused);
    }
    return r;
}
