#pragma once
/*
 * db_store - the store of a data directory, opened as its owner (see state_dir.h).
 */
#include <stdbool.h>

#include "cli/state_dir.h"

struct err;
struct store_admin;

struct db_store {
    struct store_admin *admin;
    struct state_dir dir;
};

/* `make`: the directories and the store are made when they are not there. */
int db_store_open(struct db_store *s, const char *data, bool make, struct err *e);
/* The operator again, with the store still open: it must open no further file then. */
void db_store_step_back(struct db_store *s);
void db_store_close(struct db_store *s); /* twice is fine, and of one that was never opened */
