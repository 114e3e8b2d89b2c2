#pragma once
/*
 * hello - whether a runtime that is about to be put into the store works: it is asked for its
 * version, and its hello program is compiled and run, each in a box of its layers.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct manifest;
struct recipe;
struct workshop;

/* {home} replaced, also inside; the caller frees it. */
char *hello_in_home(const struct recipe *recipe, const char *text);

/* The path of the first of the recipe's tools that is in the layers, into m->tool. */
int hello_find_tool(int packages_fd, struct manifest *m, struct err *e);
/* Fills m->version. */
int hello_ask(struct workshop *w, struct manifest *m, struct err *e);
/* `prepared`: with what install_prepare made.  ERR_INVALID when what it prints is not what it has
 * to print. */
int hello_run(struct workshop *w, const struct manifest *m, bool prepared, struct err *e);
/*
 * A shell's text that compiles and runs the main file of that name: the words of the recipe's
 * commands, quoted.  NULL: it has no command to run.
 */
char *hello_script(const struct manifest *m, bool prepared, const char *main_file);
