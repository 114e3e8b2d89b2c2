#pragma once
/*
 * db_store - the store of a data directory, opened as its owner.
 *
 * The directory DIR/state belongs to the server's user, who handles foreign bytes: root must not
 * follow a link that was put there.  So it becomes the working directory and its owner the
 * effective user until db_store_close.  What the operator named is opened before, as the operator.
 */
#include <stdbool.h>

struct err;
struct store_admin;

struct db_store {
    struct store_admin *admin;
    bool became;  /* another user ... */
    unsigned gid; /* ... than of this group */
};

/* `make`: the directories and the store are made when they are not there. */
int db_store_open(struct db_store *s, const char *data, bool make, struct err *e);
/* The operator again, with the store still open: it must open no further file then. */
void db_store_step_back(struct db_store *s);
void db_store_close(struct db_store *s); /* twice is fine */
