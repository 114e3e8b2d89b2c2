/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/commands.h"

int cmd_run(int argc, char **argv)
{
    AUTO(run_options_done) struct run_options options = {0};
    struct err e = {0};
    int r = run_options_read(argv + (argc > 0), run_flags, &options, &e);
    if (r == ARGS_HELP) {
        return help_show("run");
    }
    if (r < 0) {
        cli_error("run", &e);
        return RUN_FAILED;
    }
    return options.remote.url ? run_remote(&options) : run_local(&options);
}
