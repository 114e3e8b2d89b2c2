#pragma once
/*
 * commands - one function per command of the CLI, each in a file of its own name.
 *
 * argv[0] is the command's own name ("serve"); what is returned is the exit status of the process.
 * Every command prints its own errors to stderr, one line each, and ends them with what to do.
 */
#include "base/buf.h"

/* What belljar itself ends with; the commands' help pages name these. */
enum cli_status {
    CLI_OK = 0,
    CLI_FAILED = 1, /* the thing that was asked for did not work */
    CLI_USAGE = 2,  /* the command line is wrong */
};

int cmd_cancel(int argc, char **argv);
int cmd_db(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_docs(int argc, char **argv); /* hidden: writes the generated pages */
int cmd_help(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_piston(int argc, char **argv);
int cmd_pkg(int argc, char **argv);
int cmd_ppman(int argc, char **argv);
int cmd_prepare(int argc, char **argv);
int cmd_prove(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_runtimes(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_submit(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_watch(int argc, char **argv);
