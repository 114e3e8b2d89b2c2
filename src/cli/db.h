#pragma once
/*
 * db - what the actions of `belljar db` share.
 */
#include <stdbool.h>

#include "cli/db_store.h"
#include "store/store_admin.h"

struct config;
struct err;

struct db {
    struct config *config;
    struct store_purge purge;
    bool run_unfinished;
    char **words; /* behind the action */
    struct db_store store;
};

/* Files that the user named are opened before this: see db_store.h. */
int db_open(struct db *db, bool make, struct err *e);
/* New, and for our eyes only: it holds others' programs. */
int db_file_make(const char *path, int *ret_fd, struct err *e);

int db_export(struct db *db, struct err *e);
int db_import(struct db *db, struct err *e);
