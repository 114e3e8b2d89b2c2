#pragma once
/*
 * audit - DIR/audit.log: who changed what, one JSON line an act.
 *
 * It lies beside the state directory, not in it: the parent writes it, and `belljar key` and
 * `belljar db` do, but the server process, which handles foreign bytes, cannot reach it.  Lines are
 * only ever appended.
 */
struct audit_act;
struct err;
struct log;

#define AUDIT_FILE "audit.log"

/* `process` as in struct log; closed by audit_close. */
int audit_open(int dir_fd, const char *process, struct log *ret, struct err *e);
void audit_close(struct log *audit); /* zero-initialised, or twice, is fine */

/* What this user does by a command. */
void audit_command(const struct log *audit, const char *act, const char *what);
/* What the server process says; it may say anything. */
void audit_server(const struct log *audit, const struct audit_act *act);
