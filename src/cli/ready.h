#pragma once
/*
 * ready - what a person who started the server sees first: where it is, and a command to paste.
 */

#include <stdbool.h>

/*
 * "127.0.0.1:2358\n...": one ready line for all of them, and one curl, on stdout.  kept: what is
 * submitted is there after the end, too; if it is not, that is said.
 */
void ready_print(const char *addresses, bool kept);
