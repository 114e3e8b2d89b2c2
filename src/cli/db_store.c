/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/db_store.h"

#include "base/err.h"
#include "cli/data_dir.h"
#include "store/store_admin.h"

int db_store_open(struct db_store *s, const char *data, bool make, struct err *e)
{
    *s = (struct db_store){0};
    int r = state_dir_enter(&s->dir, data, make, e);
    if (r < 0) {
        return r;
    }
    r = store_admin_open(DATA_DIR_STORE, make, &s->admin, e);
    return r < 0 ? err_wrap(e, "data directory '%s'", data) : 0;
}

void db_store_step_back(struct db_store *s)
{
    state_dir_step_back(&s->dir);
}

void db_store_close(struct db_store *s)
{
    store_admin_close(s->admin);
    s->admin = NULL;
    state_dir_leave(&s->dir);
}
