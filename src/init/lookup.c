/* SPDX-License-Identifier: Apache-2.0 */
#include "init/lookup.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"
#define SHOWN        120

static const char *path_of(char *const *env)
{
    static const char key[] = "PATH=";
    for (; *env; env++) {
        if (strncmp(*env, key, sizeof(key) - 1) == 0) {
            return *env + sizeof(key) - 1;
        }
    }
    return PATH_DEFAULT;
}

static int failed(const char *program, int sys, struct err *e)
{
    errno = sys;
    switch (sys) {
    case ENOEXEC:
        return err_set(e, ERR_UNSUPPORTED,
                       "program '%.*s' is neither a binary of this machine nor a script that "
                       "starts with '#!'",
                       SHOWN, program);
    case EACCES:
        return err_set(e, ERR_UNSUPPORTED, "program '%.*s' is not an executable file", SHOWN,
                       program);
    case E2BIG:
        return err_set(e, ERR_LIMIT,
                       "program '%.*s': its arguments and environment are too long for its stack",
                       SHOWN, program);
    case ELIBACC:
        return err_set(e, ERR_UNSUPPORTED,
                       "program '%.*s': the interpreter that it names is missing or is none", SHOWN,
                       program);
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
        if (program[0] != '/') { /* what the compiler should have left, and no fault of the host */
            return err_set(e, ERR_UNSUPPORTED, "program '%.*s' was not made", SHOWN, program);
        }
        break;
    default:
        break;
    }
    return err_sys(e, "program '%.*s'", SHOWN, program);
}

/*
 * execve, which comes back with an errno: ENOEXEC for what a broken binary gives (a file that ends
 * inside its headers is EIO), ELIBACC when it is the file's interpreter that cannot be had.
 */
static int try_exec(const char *path, char *const *argv, char *const *env)
{
    execve(path, argv, env);
    int sys = errno;
    switch (sys) {
    case EIO:
    case EINVAL:
        return ENOEXEC;
    case ELIBBAD:
        return ELIBACC;
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return access(path, F_OK) == 0 ? ELIBACC : sys;
    default:
        return sys;
    }
}

/* dir/name into `ret`; an empty directory is the current one, as in every shell. */
static bool join(char ret[PATH_MAX], const char *dir, size_t dir_len, const char *name)
{
    size_t name_len = strlen(name), slash = dir_len > 0;
    if (dir_len + slash + name_len >= PATH_MAX) {
        return false;
    }
    memcpy(ret, dir, dir_len);
    memcpy(ret + dir_len, "/", slash);
    memcpy(ret + dir_len + slash, name, name_len + 1);
    return true;
}

/* Whether the search goes on behind this error, as it does for execvp. */
static bool is_miss(int sys)
{
    return sys == ENOENT || sys == ENOTDIR || sys == EACCES || sys == ELOOP || sys == ENAMETOOLONG;
}

int lookup_exec(char *const *argv, char *const *env, struct err *e)
{
    const char *name = argv[0];
    if (strchr(name, '/')) {
        return failed(name, try_exec(name, argv, env), e);
    }
    if (!*name) {
        return err_set(e, ERR_INVALID, "the program's name is empty");
    }
    bool denied = false;
    for (const char *dir = path_of(env), *end; dir; dir = *end ? end + 1 : NULL) {
        char full[PATH_MAX];
        end = strchrnul(dir, ':');
        if (!join(full, dir, (size_t)(end - dir), name)) {
            continue;
        }
        int sys = try_exec(full, argv, env);
        if (!is_miss(sys)) {
            return failed(full, sys, e);
        }
        denied = denied || sys == EACCES;
    }
    if (denied) {
        return failed(name, EACCES, e);
    }
    return err_set(e, ERR_NOT_FOUND, "program '%.*s' is in no directory of PATH", SHOWN, name);
}
