/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/image_pull.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/host_command.h"
#include "packages/store.h"

#define PLACE         "/mnt" /* where the stage is seen by skopeo, whatever its path */
#define ARCHIVE       "image.tar"
#define PATH_DEFAULT  "/usr/local/bin:/usr/bin:/bin"
#define REFERENCE_MAX 255
#define OUTPUT_MAX    ((size_t)1 << 20)
#define QUOTE_MAX     160
#define SCHEME        "docker://"

int image_reference_check(const char *reference, struct err *e)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+";
    size_t len = strlen(reference);
    bool begins = len > 0 && strchr("-./:@+", reference[0]) == NULL;
    if (!begins || len > REFERENCE_MAX || strspn(reference, plain) != len) {
        return err_set(e, ERR_INVALID,
                       "'%.80s' is no image of a registry; write one such as "
                       "docker.io/library/python:3.12-slim",
                       reference);
    }
    return 0;
}

static char *skopeo_path(void)
{
    const char *path = getenv("PATH"); /* NOLINT: one thread */
    AUTO(strv_freep) char **folders = strv_split(path ? path : PATH_DEFAULT, ":");
    for (char **folder = folders; folder && *folder; folder++) {
        AUTO(mem_freep) char *program = xasprintf("%s/skopeo", *folder);
        if ((*folder)[0] == '/' && access(program, X_OK) == 0) {
            return TAKE(&program, NULL);
        }
    }
    return NULL;
}

/* What it needs to find its credentials, and the way to the registry. */
static char **env_of(void)
{
    static const char *const names[] = {
        "PATH",       "HOME",       "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG",
        "http_proxy", "HTTP_PROXY", "https_proxy",     "HTTPS_PROXY",        "no_proxy",
        "NO_PROXY",   "all_proxy",  "SSL_CERT_FILE",   "SSL_CERT_DIR",
    };
    char **env = NULL;
    strv_add(&env, "TMPDIR=" PLACE);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]); /* NOLINT: one thread */
        if (value) {
            strv_add_take(&env, xasprintf("%s=%s", names[i], value));
        }
    }
    return env;
}

static void argv_add_machine(char ***argv)
{
    static const struct {
        const char *machine, *architecture;
    } names[] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}, {"i686", "386"}};
    struct utsname host;
    for (size_t i = 0; uname(&host) == 0 && i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i].machine, host.machine) == 0) {
            strv_add(argv, "--override-arch");
            strv_add(argv, names[i].architecture);
        }
    }
}

static int skopeo_run(const char *program, const char *reference, const struct stage *stage,
                      struct err *e)
{
    AUTO(strv_freep) char **argv = NULL;
    AUTO(strv_freep) char **env = env_of();
    AUTO(buf_done) struct buf printed = {0}, said = {0};
    int status = 0;
    strv_add(&argv, program);
    strv_add(&argv, "--override-os");
    strv_add(&argv, "linux");
    argv_add_machine(&argv);
    strv_add(&argv, "copy");
    strv_add_take(&argv, xasprintf(SCHEME "%s", reference));
    strv_add(&argv, "oci-archive:" PLACE "/" ARCHIVE);
    const struct host_command command = {
        .argv = argv, .env = env, .dir_fd = stage->tree_fd, .place = PLACE};
    int r = host_command_run(&command, OUTPUT_MAX, &printed, &said, &status, e);
    if (r == 0 && status != 0) {
        size_t skip = said.len > QUOTE_MAX ? said.len - QUOTE_MAX : 0;
        r = err_set(e, ERR_IO, "skopeo could not get '%.60s': %s", reference,
                    said.data ? said.data + skip : "it ended with an error");
    }
    return r;
}

int image_pull(const char *reference, const struct stage *stage, int *ret_fd, struct err *e)
{
    AUTO(mem_freep) char *program = skopeo_path();
    const char *plain = str_starts(reference, SCHEME) ? reference + strlen(SCHEME) : reference;
    int r = image_reference_check(plain, e);
    if (r < 0) {
        return r;
    }
    if (!program) {
        return err_set(e, ERR_UNSUPPORTED,
                       "images are got from registries by skopeo, which is not installed: 'apt "
                       "install skopeo', or write a file elsewhere ('docker save IMAGE "
                       ">FILE.tar') and 'belljar image import FILE.tar'");
    }
    r = skopeo_run(program, plain, stage, e);
    if (r < 0) {
        return r;
    }
    int fd = below_open(stage->tree_fd, ARCHIVE, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return err_sys(e, "what skopeo wrote");
    }
    *ret_fd = fd;
    return 0;
}
