/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of containers as languages: /api/v1/images.  One that is sent is written to a file of the
 * steward's as it comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/json.h"
#include "api/native/change.h"
#include "api/native/native.h"
#include "api/native/wishes.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "config/config.h"
#include "http/http.h"

#define CHOICES                                                                                    \
    {"name", WISH_TEXT, STEWARD_IMAGE, true}, {"language", WISH_TEXT, STEWARD_LANGUAGE, false},    \
        {"version", WISH_TEXT, STEWARD_VERSION, false},                                            \
        {"aliases", WISH_LIST, STEWARD_ALIAS, false},                                              \
        {"extensions", WISH_LIST, STEWARD_EXTENSION, false},                                       \
        {"compile", WISH_TEXT, STEWARD_COMPILE, false},                                            \
    {                                                                                              \
        "run", WISH_TEXT, STEWARD_RUN, false                                                       \
    }

static const struct wish pull_wishes[] = {
    CHOICES,
    {"reference", WISH_TEXT, STEWARD_REFERENCE, true},
};
static const struct wish import_wishes[] = {
    CHOICES,
    {"ref", WISH_TEXT, STEWARD_MEMBER, false},
};

void native_images_list(struct http_request *r, void *ctx)
{
    const struct packages_question q = {.op = STEWARD_IMAGES, .by = r};
    change_ask(ctx, r, &q);
}

void native_images_remove(struct http_request *r, void *ctx)
{
    const struct packages_word name = {STEWARD_IMAGE, http_param(r, "name")};
    const struct packages_question q = {
        .op = STEWARD_IMAGE_REMOVE, .words = &name, .word_count = 1, .by = r};
    change_ask(ctx, r, &q);
}

static void pull(struct http_request *r, void *ctx)
{
    AUTO(wishes_done) struct wishes w = {0};
    AUTO(json_freep) json_t *body = native_read_body(r);
    if (body == NULL) {
        return;
    }
    wishes_of_body(&w, pull_wishes, ARRAY_LEN(pull_wishes), body);
    if (w.errors != NULL) {
        native_problem_errors(r, TAKE(&w.errors, NULL));
        return;
    }
    const struct packages_question q = {
        .op = STEWARD_IMAGE_PULL, .words = w.words, .word_count = w.count, .by = r};
    change_ask(ctx, r, &q);
}

/* --- one that is sent ------------------------------------------------------------------------- */

struct incoming {
    struct native *native;
    struct http_request *request;
    struct wishes wishes;
    struct packages_ask *ask; /* for the file; NULL: it is there */
    uint32_t upload;
    int fd;
};

static void incoming_free(struct incoming *in)
{
    packages_forget(in->ask);
    wishes_done(&in->wishes);
    fd_close(in->fd);
    free(in);
}

static void incoming_drop(struct incoming *in)
{
    if (in->upload != 0) {
        packages_upload_drop(in->native->api->packages, in->upload);
    }
    incoming_free(in);
}

static void on_gone(void *ctx)
{
    incoming_drop(ctx);
}

static void on_data(void *ctx, const char *data, size_t len)
{
    struct incoming *in = ctx;
    struct err e;
    if (fd_write_all(in->fd, data, len, &e) == 0) {
        return;
    }
    bool full = e.sys == ENOSPC || e.sys == EDQUOT;
    native_problem(in->request, full ? 507 : 500,
                   full ? "the disk has no room for this image" : e.text, NULL);
    incoming_drop(in);
}

static void on_data_end(void *ctx)
{
    struct incoming *in = ctx;
    const struct packages_question q = {.op = STEWARD_IMAGE_IMPORT,
                                        .words = in->wishes.words,
                                        .word_count = in->wishes.count,
                                        .upload = in->upload,
                                        .by = in->request};
    change_ask(in->native, in->request, &q);
    incoming_free(in);
}

static void on_ready(void *ctx, uint32_t upload, int fd, const struct err *e)
{
    struct incoming *in = ctx;
    in->ask = NULL;
    if (e != NULL) {
        native_problem(in->request, e->kind == ERR_DENIED ? 403 : native_status_of(e), e->text,
                       NULL);
        incoming_free(in);
        return;
    }
    const struct http_sink sink = {on_data, on_data_end, in};
    in->upload = upload;
    in->fd = fd;
    http_read_by(in->request, &sink, in->native->api->config->image_max_bytes);
}

static void receive(struct native *n, struct http_request *r)
{
    if (n->api->packages == NULL) {
        native_problem(r, 503, "packages cannot be changed here", NULL);
        return;
    }
    struct incoming *in = xcalloc(1, sizeof(*in));
    *in = (struct incoming){.native = n, .request = r, .fd = -1};
    wishes_of_query(&in->wishes, import_wishes, ARRAY_LEN(import_wishes), r);
    if (in->wishes.errors != NULL) {
        native_problem_errors(r, TAKE(&in->wishes.errors, NULL));
        incoming_free(in);
        return;
    }
    http_on_gone(r, on_gone, in);
    in->ask = packages_upload(n->api->packages, r, on_ready, in);
}

void native_images_add(struct http_request *r, void *ctx)
{
    static const char *const archives[] = {"application/x-tar", "application/octet-stream",
                                           "application/gzip", "application/zstd"};
    const char *type = http_header(r, "Content-Type");
    size_t len = type != NULL ? strcspn(type, "; \t") : 0;
    for (size_t i = 0; i < ARRAY_LEN(archives); i++) {
        if (strlen(archives[i]) == len && strncasecmp(archives[i], type, len) == 0) {
            receive(ctx, r);
            return;
        }
    }
    http_read_whole(r, pull, ctx); /* which says what else there could be */
}
