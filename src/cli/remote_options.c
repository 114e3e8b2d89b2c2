/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which server, and which key: flags first, then the environment.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/remote.h"

#define KEY_MAX 4096

/* It becomes a line of a header. */
static int key_set(struct remote *r, const char *key, const char *where, struct err *e)
{
    size_t len = strlen(key);
    while (len > 0 && isspace((unsigned char)key[len - 1])) {
        len--;
    }
    bool plain = len > 0;
    for (size_t i = 0; i < len; i++) {
        plain = plain && key[i] > ' ' && key[i] < 0x7f;
    }
    if (!plain) {
        return err_set(e, ERR_INVALID,
                       "%.100s holds no key; it is one word, as 'belljar key add' "
                       "printed it",
                       where);
    }
    free(r->key);
    r->key = xstrndup(key, len);
    return 0;
}

static int key_read(struct remote *r, const char *path, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    int result = fd_read_path(path, KEY_MAX, &text, e);
    return result < 0 ? result : key_set(r, text.data ? text.data : "", path, e);
}

int remote_flag(struct remote *r, const struct cli_flag *flag, const char *value, struct err *e)
{
    int result = 0;
    if (strcmp(flag->name, "--url") == 0) {
        r->url = value;
    } else if (strcmp(flag->name, "--key") == 0) {
        result = key_set(r, value, "--key", e);
    } else if (strcmp(flag->name, "--key-file") == 0) {
        result = key_read(r, value, e);
    } else {
        return 0;
    }
    return result < 0 ? result : 1;
}

int remote_environment(struct remote *r, struct err *e)
{
    const char *url = secure_getenv("BELLJAR_URL"), *key = secure_getenv("BELLJAR_KEY");
    if (!r->url && url && *url) {
        r->url = url;
    }
    return !r->key && key && *key ? key_set(r, key, "BELLJAR_KEY", e) : 0;
}

void remote_done(struct remote *r)
{
    if (r->key) {
        explicit_bzero(r->key, strlen(r->key));
    }
    free(r->key);
    *r = (struct remote){0};
}
