#pragma once
/*
 * server_filter - the system calls of the server process, once it listens: an allow list.
 *
 * No program is started, no process made, no address bound, no UNIX socket opened, nothing mapped
 * that can be run, no other process signalled.  Refused calls give EPERM, unknown ones ENOSYS,
 * those of a foreign ABI end the process.
 */
struct err;

/* For all threads, for ever; sets no_new_privs. */
int server_filter_load(struct err *e);
