/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote_args.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

static int flag_take(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    struct remote_args *a = ctx;
    int r = remote_flag(&a->remote, flag, value, e);
    if (r == 0) {
        a->given |= UINT32_C(1) << (flag - a->args.flags);
        a->values[flag - a->args.flags] = value;
    }
    return r;
}

/* Flags of the configuration are another command's; here they would change nothing. */
static int words_check(const struct remote_args *a, size_t words_max, const char *missing,
                       struct err *e)
{
    if (a->args.config && a->args.config[0]) {
        return err_set(e, ERR_INVALID, "unknown flag '%.60s'; --help lists the flags",
                       a->args.config[0]);
    }
    return words_max > 0 && !a->words[words_max - 1] ? err_set(e, ERR_INVALID, "%s", missing) : 0;
}

int remote_args_read(char *const *argv, const struct cli_flag *flags, size_t words_max,
                     const char *missing, struct remote_args *ret, struct err *e)
{
    AUTO(remote_args_done)
    struct remote_args a = {.args = {.words = argv, .flags = flags}};
    int r = args_gather(&a.args, flag_take, &a, words_max, &a.words, e);
    if (r == ARGS_END) {
        r = words_check(&a, words_max, missing, e);
    }
    if (r == 0) {
        r = remote_environment(&a.remote, e);
    }
    if (r == 0) {
        a.remote.url = a.remote.url ? a.remote.url : REMOTE_DEFAULT_URL;
        *ret = TAKE(&a, (struct remote_args){0});
    }
    return r;
}

bool remote_args_given(const struct remote_args *a, unsigned flag)
{
    return a->given & UINT32_C(1) << flag;
}

void remote_args_done(struct remote_args *a)
{
    remote_done(&a->remote);
    args_done(&a->args);
    free(a->words);
}

int remote_id_check(const char *id, struct err *e)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (!*id || strspn(id, allowed) != strlen(id)) {
        return err_set(e, ERR_INVALID, "'%.60s' is no id; 'belljar submit' prints it", id);
    }
    return 0;
}

int remote_get(const struct remote *r, const char *path, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int result = remote_call(r, "GET", path, NULL, &status, &answer, e);
    if (result < 0) {
        return result;
    }
    if (status != 200 || !json_is_object(answer)) {
        return remote_refusal(r, status, answer, e);
    }
    *ret = TAKE(&answer, NULL);
    return 0;
}
