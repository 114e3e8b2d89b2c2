#pragma once
/*
 * pkg - what the sub-commands of `belljar pkg` share: the store, the recipes, how they are asked
 * and how they answer.
 *
 * For people, results are on stdout, and what happens meanwhile is on stderr: a bar where that is a
 * terminal, else lines.  With --events stdout has JSON lines alone, those of the progress and at
 * last one that says the end:
 *
 *   {"phase":"download","what":"ruby/3.1","done":1048576,"total":9437184,"position":1,"count":2}
 *   {"end":"ok","installed":[{"id":"ruby/3.1","language":"ruby","version":"3.1.2","made":true}]}
 *   {"end":"error","kind":"not_found","message":"there is no 'rubi'; did you mean 'ruby'?"}
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"
#include "cli/pkg_progress.h"

struct config;
struct manifest;
struct recipes;
struct package_store;

struct pkg_options {
    bool again, dry_run, events, json, security, yes;
    char **libraries; /* --with */
};

struct pkg {
    const struct config *config;
    struct pkg_options o;
    char *path;                  /* of the store */
    struct package_store *store; /* NULL: there is none yet, and nothing was to be written */
    struct recipes *recipes;
    struct pkg_progress progress;
    json_t *result; /* of the last line of --events */
    struct err failure;
    bool failed;
};

/* A command's name and flags, its words, and what it is; one row in pkg.c's table. */
typedef int pkg_fn(struct pkg *p, char *const *words); /* gives an enum cli_status */
pkg_fn pkg_add, pkg_available, pkg_export, pkg_gc, pkg_import, pkg_info, pkg_install, pkg_lint,
    pkg_list, pkg_outdated, pkg_pin, pkg_remove, pkg_search, pkg_sets, pkg_spec, pkg_sync,
    pkg_unpin, pkg_upgrade, pkg_verify;

/* Opens all of it; `write`: the store is made when it is not there. */
int pkg_open(struct pkg *p, const struct config *config, bool write, struct err *e);
/* Says the end where events are wanted; gives `status`. */
int pkg_close(struct pkg *p, int status);

/* A line for people. */
void pkg_say(struct pkg *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Tells the error; gives CLI_FAILED. */
int pkg_fail(struct pkg *p, const struct err *e);
/* To a list of the result: the caller's `item` is taken. */
void pkg_result(struct pkg *p, const char *list, json_t *item);
/* A runtime that was installed, as the result names it. */
void pkg_installed_say(struct pkg *p, const json_t *one, double took_s);
json_t *pkg_manifest_json(const struct manifest *m);
/* {"kind","message"} */
json_t *pkg_error_json(const struct err *e);
/* For struct recipes and store_list: tells it and goes on. */
void pkg_on_unreadable(void *ctx, const struct err *e);
