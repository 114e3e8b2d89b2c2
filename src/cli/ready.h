#pragma once
/*
 * ready - what a person who started the server sees first: where it is, and a command to paste.
 */

/* "127.0.0.1:2358\n...": one ready line for all of them, and one curl, on stdout. */
void ready_print(const char *addresses);
