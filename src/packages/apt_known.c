/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/apt_known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/dpkg_status.h"
#include "packages/layer_clear.h"

#define FOLDER     "known"
#define FRESH      FOLDER "/new"
#define MARK       "\n# whole\n"
#define ANSWER_MAX ((size_t)16 << 20)

static void add(struct sha256 *sum, const char *text)
{
    sha256_add(sum, text, strlen(text) + 1);
}

struct apt_key apt_known_key(const char *index, const char *status, char *const *argv)
{
    struct apt_key key = {{0}};
    AUTO(sha256_freep) struct sha256 *sum = sha256_new();
    AUTO(strv_freep) char **installed = dpkg_status_installed(status);
    add(sum, index);
    for (char *const *one = installed; one && *one; one++) {
        add(sum, *one);
    }
    add(sum, "");
    for (char *const *word = argv; *word; word++) {
        add(sum, *word);
    }
    sha256_end(sum, key.text);
    return key;
}

bool apt_known_get(int suite_fd, const struct apt_key *key, struct buf *ret)
{
    AUTO(mem_freep) char *path = xasprintf(FOLDER "/%s", key->text);
    AUTO(fd_closep) int fd = openat(suite_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    AUTO(buf_done) struct buf text = {0};
    struct err ignored; /* then apt is asked */
    if (fd < 0 || fd_read_all(fd, ANSWER_MAX, &text, &ignored) < 0 || !text.data ||
        !str_ends(text.data, MARK)) {
        return false;
    }
    buf_add(ret, text.data, text.len - strlen(MARK));
    buf_add(ret, "", 0);
    return true;
}

int apt_known_put(int suite_fd, const struct apt_key *key, const struct buf *answer, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf(FOLDER "/%s", key->text);
    if (mkdirat(suite_fd, FOLDER, 0755) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir 'apt/.../" FOLDER "'");
    }
    AUTO(fd_closep)
    int fd = openat(suite_fd, FRESH, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    int r = fd < 0 ? err_sys(e, "write 'apt/.../" FRESH "'")
                   : fd_write_all(fd, answer->data ? answer->data : "", answer->len, e);
    r = r < 0 ? r : fd_write_all(fd, MARK, strlen(MARK), e);
    if (r == 0 && renameat(suite_fd, FRESH, suite_fd, path) < 0) {
        r = err_sys(e, "rename 'apt/.../%s'", path);
    }
    return r;
}

int apt_known_forget(int suite_fd, struct err *e)
{
    return layer_clear(suite_fd, FOLDER, e);
}
