/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/audit.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"

int audit_open(int dir_fd, const char *process, struct log *ret, struct err *e)
{
    int fd =
        openat(dir_fd, AUDIT_FILE, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_sys(e, "opening '%s' in the data directory", AUDIT_FILE);
    }
    *ret = (struct log){
        .fd = fd,
        .level = LOG_LEVEL_INFO,
        .format = LOG_FORMAT_JSON,
        .process = process,
    };
    return 0;
}

void audit_close(struct log *audit)
{
    if (audit->process) {
        fd_close(audit->fd);
    }
    audit->process = NULL;
}

void audit_command(const struct log *audit, const char *act, const char *what)
{
    const char *sudo = getenv("SUDO_USER"); /* NOLINT(concurrency-mt-unsafe): one thread */
    LOG_INFO(audit, act, log_i("uid", (int64_t)getuid()), log_s("sudo_user", sudo),
             log_s("what", what));
}

/* Each text ends, and is escaped by the log.  Whose word it is stands in the line. */
void audit_server(const struct log *audit, const struct audit_act *act)
{
    struct log theirs = *audit;
    struct audit_act a = *act;
    theirs.process = "server";
    a.act[sizeof(a.act) - 1] = a.who[sizeof(a.who) - 1] = '\0';
    a.client[sizeof(a.client) - 1] = a.what[sizeof(a.what) - 1] = '\0';
    LOG_INFO(&theirs, a.act, log_s("who", a.who), log_s("client", a.client), log_s("what", a.what));
}
