/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `belljar ps`: the boxes that are there now.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli/boxes.h"
#include "cli/commands.h"
#include "cli/remote_args.h"

enum { FLAG_JSON };

const struct cli_flag ps_flags[] = {
    [FLAG_JSON] = {"--json", 0, NULL, "Print them as a JSON array."},
    REMOTE_FLAGS,
    {0},
};

static int ps(const struct remote_args *a, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    AUTO(buf_done) struct buf table = {0};
    int r = remote_get(&a->remote, BOXES_PATH, &answer, e);
    if (r < 0) {
        return r;
    }
    const json_t *boxes = json_object_get(answer, "boxes");
    if (remote_args_given(a, FLAG_JSON)) {
        json_dumpf(boxes, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
    } else {
        boxes_table(boxes, clock_wall_ns(&clock_system), &table);
        cli_put(&table, stdout);
    }
    return 0;
}

int cmd_ps(int argc, char **argv)
{
    AUTO(remote_args_done) struct remote_args a = {0};
    struct err e = {0};
    if (remote_args_read(argv + (argc > 0), ps_flags, 0, "", &a, &e) < 0) {
        cli_error("ps", &e);
        return CLI_USAGE;
    }
    if (ps(&a, &e) < 0) {
        cli_error("ps", &e);
        return CLI_FAILED;
    }
    return CLI_OK;
}
