/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/apt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "packages/apt_few.h"
#include "packages/apt_granted.h"
#include "packages/apt_known.h"
#include "packages/apt_output.h"
#include "packages/apt_sources.h"
#include "packages/apt_versions.h"
#include "packages/dpkg_status.h"
#include "packages/host_command.h"
#include "packages/progress.h"
#include "packages/sha256.h"
#include "sandbox/launch_ids.h"

#define PLACE       "/var/lib/apt"
#define TEXT_MAX    ((size_t)1 << 20)
#define OUTPUT_MAX  ((size_t)16 << 20)
#define COPY_BYTES  ((size_t)1 << 20)
#define SOURCES_DIR "/etc/apt/sources.list.d"

struct apt {
    const struct config *config;
    const struct progress *progress;
    char *suite;
    int dir_fd, lock_fd;
    char **env;
    struct buf sources; /* as they are now */
    bool backports;
};

/* --- its directory ---------------------------------------------------------------------------- */

static int dir_make(int parent_fd, const char *name, int *ret_fd, struct err *e)
{
    if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir '%s'", name);
    }
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", name);
    }
    *ret_fd = fd;
    return 0;
}

static int text_write(int dir_fd, const char *name, const char *text, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return err_sys(e, "write 'apt/%s'", name);
    }
    return fd_write_all(fd, text, strlen(text), e);
}

static int text_read(int dir_fd, const char *name, struct buf *ret, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", name);
    }
    return fd_read_all(fd, TEXT_MAX, ret, e);
}

static const char *const directories[] = {"lists",    "lists/partial",    "cache",
                                          "archives", "archives/partial", "sources.list.d"};

static int directories_make(struct apt *a, int packages_fd, struct err *e)
{
    AUTO(fd_closep) int all_fd = -1;
    int r = dir_make(packages_fd, "apt", &all_fd, e);
    r = r < 0 ? r : dir_make(all_fd, a->suite, &a->dir_fd, e);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(directories); i++) {
        if (mkdirat(a->dir_fd, directories[i], 0755) < 0 && errno != EEXIST) {
            r = err_sys(e, "mkdir 'apt/%s/%s'", a->suite, directories[i]);
        }
    }
    return r;
}

static int lock_take(struct apt *a, struct err *e)
{
    a->lock_fd = openat(a->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (a->lock_fd < 0) {
        return err_sys(e, "open 'apt/%s/lock'", a->suite);
    }
    while (flock(a->lock_fd, LOCK_EX) < 0) {
        if (errno != EINTR) {
            return err_sys(e, "lock 'apt/%s/lock'", a->suite);
        }
    }
    return 0;
}

/* --- running it ------------------------------------------------------------------------------- */

static int refused(const char *what, int status, const struct buf *said, struct err *e)
{
    AUTO(buf_done) struct buf words = {0};
    if (WIFSIGNALED(status)) {
        return err_set(e, ERR_IO, "%s was ended by signal %d", what, WTERMSIG(status));
    }
    apt_output_error(said->data ? said->data : "", &words);
    return err_set(e, ERR_IO, "%s: %s", what, words.data);
}

static int run(struct apt *a, char *const *argv, struct buf *ret, struct err *e)
{
    AUTO(buf_done) struct buf said = {0};
    const struct host_command command = {
        .argv = argv, .env = a->env, .dir_fd = a->dir_fd, .place = PLACE};
    int status = 0;
    int r = host_command_run(&command, OUTPUT_MAX, ret, &said, &status, e);
    if (r == 0 && status != 0) {
        r = refused("apt-get", status, &said, e);
    }
    return r;
}

/* --- its configuration ------------------------------------------------------------------------ */

/* Of the host's apt only how it gets at the network; its hooks are the host's own business. */
static void network_of_host(struct apt *a, struct buf *conf)
{
    static const char *const names[] = {"Acquire::http::", "Acquire::https::", "Acquire::Force"};
    char program[] = "/usr/bin/apt-config", dump[] = "dump";
    char *const argv[] = {program, dump, NULL};
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char *const env[] = {path, NULL};
    AUTO(buf_done) struct buf text = {0}, said = {0};
    const struct host_command command = {argv, env, a->dir_fd, PLACE};
    int status;
    struct err ignored; /* then it is got at directly, and an error of that says more */
    if (host_command_run(&command, TEXT_MAX, &text, &said, &status, &ignored) < 0 || !text.data) {
        return;
    }
    AUTO(strv_freep) char **lines = strv_split(text.data, "\n");
    for (char **line = lines; line && *line; line++) {
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            if (str_starts(*line, names[i])) {
                buf_add_fmt(conf, "%s\n", *line);
            }
        }
    }
}

static const char *architecture(void)
{
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#elif defined(__riscv)
    return "riscv64";
#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "the name that Debian has for this architecture"
#endif
}

static const char settings[] = "Dir::State \"" PLACE "/\";\n"
                               "Dir::State::lists \"lists/\";\n"
                               "Dir::State::status \"" PLACE "/status\";\n"
                               "Dir::State::extended_states \"" PLACE "/extended_states\";\n"
                               "Dir::Cache \"" PLACE "/cache/\";\n"
                               "Dir::Cache::archives \"" PLACE "/archives/\";\n"
                               /* It is of one list of what is installed, and we have many. */
                               "Dir::Cache::pkgcache \"\";\n"
                               "Dir::Etc::main \"/dev/null\";\n"
                               "Dir::Etc::parts \"/dev/null\";\n"
                               "Dir::Etc::sourcelist \"/dev/null\";\n"
                               "Dir::Etc::sourceparts \"" PLACE "/sources.list.d/\";\n"
                               "Dir::Etc::preferences \"/dev/null\";\n"
                               "Dir::Etc::preferencesparts \"/dev/null\";\n"
                               "Dir::Log \"/dev/null\";\n"
                               "APT::Install-Recommends \"false\";\n"
                               "APT::Install-Suggests \"false\";\n"
                               "APT::Get::AllowUnauthenticated \"false\";\n"
                               "APT::Get::Assume-Yes \"true\";\n"
                               "APT::Keep-Downloaded-Packages \"true\";\n"
                               "APT::Periodic::Enable \"false\";\n"
                               "Debug::NoLocking \"true\";\n"
                               "Acquire::AllowInsecureRepositories \"false\";\n"
                               "Acquire::AllowWeakRepositories \"false\";\n"
                               "Acquire::AllowDowngradeToInsecureRepositories \"false\";\n"
                               "Acquire::Languages \"none\";\n"
                               "Acquire::ForceHash \"SHA256\";\n"
                               "Acquire::Retries \"3\";\n"
                               "DPkg::Use-Pty \"false\";\n"
                               "quiet \"1\";\n";

static int conf_write(struct apt *a, struct err *e)
{
    AUTO(buf_done) struct buf conf = {0};
    struct host_ids ids;
    int r = host_ids_read(&ids, e);
    if (r < 0) {
        return r;
    }
    buf_add_str(&conf, settings);
    buf_add_fmt(&conf, "APT::Architecture \"%s\";\nAPT::Architectures { \"%s\"; };\n",
                architecture(), architecture());
    if (!ids.initial) {
        /* There is no _apt in our user namespace, and we are nobody's root outside. */
        buf_add_str(&conf, "APT::Sandbox::User \"root\";\n");
    }
    network_of_host(a, &conf);
    return text_write(a->dir_fd, "apt.conf", conf.data, e);
}

/* --- its sources ------------------------------------------------------------------------------ */

static void host_file_read(struct apt_wanted *w, const char *path, struct buf *list,
                           struct buf *deb822)
{
    AUTO(buf_done) struct buf text = {0};
    struct err ignored; /* one that we may not read is as good as none */
    if (fd_read_path(path, TEXT_MAX, &text, &ignored) < 0 || !text.data) {
        return;
    }
    if (str_ends(path, ".sources")) {
        apt_sources_deb822(w, text.data, deb822);
    } else if (str_ends(path, ".list")) {
        apt_sources_list(w, text.data, list);
    }
}

static void host_sources(struct apt_wanted *w, struct buf *list, struct buf *deb822)
{
    AUTO(dir_closep) DIR *dir = NULL;
    struct err ignored;
    host_file_read(w, "/etc/apt/sources.list", list, deb822);
    if (dir_open(AT_FDCWD, SOURCES_DIR, &dir, &ignored) < 0) {
        return;
    }
    for (const struct dirent *entry; (entry = dir_next(dir)) != NULL;) {
        AUTO(mem_freep) char *path = xasprintf("%s/%s", SOURCES_DIR, entry->d_name);
        host_file_read(w, path, list, deb822);
    }
}

/* Those of the host, unless the configuration names a mirror: then that alone. */
static int sources_write(struct apt *a, struct err *e)
{
    const struct config *c = a->config;
    AUTO(buf_done) struct buf list = {0}, deb822 = {0};
    struct apt_wanted w = {.suite = a->suite};
    w.wanted[APT_RELEASE] = true;
    w.wanted[APT_UPDATES] = w.wanted[APT_SECURITY] = strcmp(a->suite, "sid") != 0;
    w.wanted[APT_BACKPORTS] = a->backports;
    if (config_source(c, &c->debian_mirror) == CONFIG_DEFAULT) {
        host_sources(&w, &list, &deb822);
    }
    bool own = config_source(c, &c->debian_mirror) != CONFIG_DEFAULT;
    w.wanted[APT_UPDATES] &= !own || c->debian_security_mirror[0] != '\0';
    apt_sources_mirror(&w, c->debian_mirror, c->debian_security_mirror, c->debian_keyring, &deb822);
    apt_sources_copied(&list);
    apt_sources_copied(&deb822);
    buf_clear(&a->sources);
    buf_add_fmt(&a->sources, "%s\n%s", list.data ? list.data : "", deb822.data ? deb822.data : "");
    int r = text_write(a->dir_fd, "sources.list.d/belljar.list", list.data ? list.data : "", e);
    return r < 0 ? r
                 : text_write(a->dir_fd, "sources.list.d/belljar.sources",
                              deb822.data ? deb822.data : "", e);
}

/* --- its indexes ------------------------------------------------------------------------------ */

static bool is_fresh(const struct apt *a)
{
    AUTO(buf_done) struct buf then = {0};
    struct stat st;
    struct err ignored;
    if (fstatat(a->dir_fd, "refreshed", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        text_read(a->dir_fd, "refreshed", &then, &ignored) < 0 || !then.data ||
        strcmp(then.data, a->sources.data) != 0) {
        return false;
    }
    uint64_t age_s = clock_wall_ns(&clock_system) / NS_PER_S - (uint64_t)st.st_mtim.tv_sec;
    return age_s < a->config->packages_refresh_s;
}

static int refresh(struct apt *a, struct err *e)
{
    char program[] = "/usr/bin/apt-get", update[] = "update", all[] = "--error-on=any";
    char *const argv[] = {program, update, all, NULL};
    AUTO(buf_done) struct buf output = {0};
    AUTO(mem_freep) char *what = xasprintf("the index of Debian %s", a->suite);
    if (a->progress && a->progress->step) {
        a->progress->step(a->progress->ctx, what, PROGRESS_PLAN, 0, 0);
    }
    if (unlinkat(a->dir_fd, "refreshed", 0) < 0 && errno != ENOENT) {
        return err_sys(e, "unlink 'apt/%s/refreshed'", a->suite);
    }
    int r = apt_known_forget(a->dir_fd, e);
    r = r < 0 ? r : apt_few_forget(a->dir_fd, e);
    r = r < 0 ? r : run(a, argv, &output, e);
    if (r < 0) {
        return err_wrap(e, "getting the index of Debian %s (its sources: packages.debian_mirror)",
                        a->suite);
    }
    return text_write(a->dir_fd, "refreshed", a->sources.data, e);
}

/* --- open ------------------------------------------------------------------------------------- */

int apt_open(const struct config *config, int packages_fd, const char *suite,
             const struct progress *progress, struct apt **ret, struct err *e)
{
    AUTO(apt_closep) struct apt *a = xcalloc(1, sizeof(*a));
    *a = (struct apt){.config = config, .progress = progress, .dir_fd = -1, .lock_fd = -1};
    a->suite = xstrdup(suite);
    if (access("/usr/bin/apt-get", X_OK) < 0) {
        return err_set(e, ERR_UNSUPPORTED,
                       "packages of Debian are resolved by apt, which this host has not: install "
                       "apt, or import the runtime from a machine that has it");
    }
    strv_add(&a->env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    strv_add(&a->env, "LC_ALL=C.UTF-8");
    strv_add(&a->env, "DEBIAN_FRONTEND=noninteractive");
    strv_add(&a->env, "APT_CONFIG=" PLACE "/apt.conf");
    int r = directories_make(a, packages_fd, e);
    r = r < 0 ? r : lock_take(a, e);
    /* Once asked for, backports stay among the sources: the index is one. */
    a->backports = r == 0 && faccessat(a->dir_fd, "backports", F_OK, 0) == 0;
    r = r < 0 ? r : conf_write(a, e);
    if (r < 0) {
        return r;
    }
    *ret = TAKE(&a, NULL);
    return 0;
}

void apt_close(struct apt *a)
{
    if (!a) {
        return;
    }
    fd_close(a->lock_fd);
    fd_close(a->dir_fd);
    buf_done(&a->sources);
    strv_free(a->env);
    free(a->suite);
    free(a);
}

void apt_closep(struct apt **a)
{
    apt_close(*a);
    *a = NULL;
}

/* --- plan ------------------------------------------------------------------------------------- */

static void install_argv(char *const *packages, char *const *options, char ***ret)
{
    strv_add(ret, "/usr/bin/apt-get");
    strv_add_all(ret, options);
    strv_add(ret, "install");
    strv_add(ret, "--");
    strv_add_all(ret, packages);
}

static int backports_need(struct apt *a, char *const *packages, struct err *e)
{
    AUTO(mem_freep) char *suite = apt_part_suite(a->suite, APT_BACKPORTS);
    for (char *const *p = packages; *p; p++) {
        const char *release = strchr(*p, '/');
        if (release && strcmp(release + 1, suite) == 0 && !a->backports) {
            a->backports = true;
            return text_write(a->dir_fd, "backports", "", e);
        }
    }
    return 0;
}

static bool deb_is_whole(const struct apt *a, const struct apt_deb *deb)
{
    struct stat st;
    AUTO(mem_freep) char *path = xasprintf("archives/%s", deb->file);
    return fstatat(a->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == deb->bytes;
}

static void plan_compare(const struct apt *a, struct apt_plan *plan)
{
    plan->download_bytes = 0;
    for (size_t i = 0; i < plan->count; i++) {
        struct apt_deb *deb = &plan->debs[i];
        deb->is_there = deb_is_whole(a, deb);
        plan->download_bytes += deb->is_there ? 0 : deb->bytes;
    }
}

/* --- of few packages -------------------------------------------------------------------------- */

/* apt with these words, over few/ in place of lists/; the caller frees it. */
static char **few_argv(char *const *argv)
{
    char **ret = NULL;
    strv_add(&ret, argv[0]);
    strv_add(&ret, "-oDir::State::lists=" PLACE "/" APT_FEW "/");
    strv_add(&ret, "-oDir::Cache::srcpkgcache=" APT_FEW_CACHE);
    strv_add_all(&ret, argv + 1);
    return ret;
}

/* `likely`: what others will ask, so that it is made once.  What keeps it from being made is no
 * failure: the whole index answers, too. */
static bool is_of_few(const struct apt *a, const char *status, char *const *packages,
                      char *const *likely)
{
    AUTO(strv_freep) char **names = dpkg_status_installed(status);
    struct err ignored;
    strv_add_all(&names, packages);
    if (apt_few_has(a->dir_fd, names)) {
        return true;
    }
    if (likely) {
        strv_add_all(&names, likely);
    }
    return apt_few_make(a->dir_fd, names, &ignored) == 0;
}

/* What was asked before of this index, on a system with these packages, is not asked again. */
static int ask(struct apt *a, const char *status, char *const *argv, struct buf *ret, struct err *e)
{
    struct stat st;
    if (fstatat(a->dir_fd, "refreshed", &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return err_sys(e, "stat 'apt/%s/refreshed'", a->suite);
    }
    AUTO(mem_freep)
    char *index = xasprintf("%lld.%09ld %s", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                            a->sources.data ? a->sources.data : "");
    const struct apt_key key = apt_known_key(index, status, argv);
    if (apt_known_get(a->dir_fd, &key, ret)) {
        return 0;
    }
    int r = text_write(a->dir_fd, "status", status, e);
    r = r < 0 ? r : run(a, argv, ret, e);
    return r < 0 ? r : apt_known_put(a->dir_fd, &key, ret, e);
}

/* What few cannot answer, all are asked: for what they say of it, if for nothing else. */
static int ask_few(struct apt *a, bool *few, const char *status, char *const *argv, struct buf *ret,
                   struct err *e)
{
    AUTO(strv_freep) char **small = few_argv(argv);
    int r = *few ? ask(a, status, small, ret, e) : -ERR_NOT_FOUND;
    if (r == 0 || r == -ERR_GONE) {
        return r;
    }
    *few = false;
    buf_clear(ret);
    return ask(a, status, argv, ret, e);
}

/* The archives' directory is another, empty one: so that all are named, also those that are there.
 */
static int plan_once(struct apt *a, const char *status, char *const *packages, char *const *likely,
                     struct apt_plan *ret, struct err *e)
{
    char uris[] = "--print-uris", none[] = "-oDir::Cache::archives=" PLACE "/cache/none/";
    char *const options[] = {uris, none, NULL};
    AUTO(strv_freep) char **argv = NULL;
    AUTO(buf_done) struct buf output = {0};
    install_argv(packages, options, &argv);
    bool few = is_of_few(a, status, packages, likely);
    int r = ask_few(a, &few, status, argv, &output, e);
    r = r < 0 ? r : apt_output_plan(output.data ? output.data : "", ret, e);
    if (r == 0) {
        ret->few = few;
        plan_compare(a, ret);
    }
    return r;
}

static int prepare(struct apt *a, char *const *packages, struct err *e)
{
    int r = backports_need(a, packages, e);
    r = r < 0 ? r : sources_write(a, e);
    return r < 0 || is_fresh(a) ? r : refresh(a, e);
}

static int plan_whole(struct apt *a, const char *status, char *const *packages, char *const *likely,
                      struct apt_plan *ret, struct err *e)
{
    AUTO(strv_freep) char **asked = strv_dup(packages);
    int r = plan_once(a, status, asked, likely, ret, e);
    if (r == 0 && apt_granted_add(ret, status, &asked)) {
        apt_plan_done(ret);
        r = plan_once(a, status, asked, likely, ret, e);
    }
    ret->asked = TAKE(&asked, NULL);
    return r;
}

int apt_plan(struct apt *a, const char *status, char *const *packages, char *const *likely,
             struct apt_plan *ret, struct err *e)
{
    int r = prepare(a, packages, e);
    r = r < 0 ? r : plan_whole(a, status, packages, likely, ret, e);
    return r < 0 ? err_wrap(e, "Debian %s", a->suite) : 0;
}

/* By name and version, from the index; one stanza each. */
int apt_plan_status(struct apt *a, const struct apt_plan *plan, struct buf *ret, struct err *e)
{
    AUTO(strv_freep) char **argv = NULL, **names = NULL;
    AUTO(buf_done) struct buf output = {0};
    if (plan->count == 0) {
        return 0;
    }
    strv_add(&argv, "/usr/bin/apt-cache");
    strv_add(&argv, "show");
    strv_add(&argv, "--no-all-versions");
    for (size_t i = 0; i < plan->count; i++) {
        strv_add_take(&argv, xasprintf("%s=%s", plan->debs[i].package, plan->debs[i].version));
        strv_add(&names, plan->debs[i].package);
    }
    bool few = apt_few_has(a->dir_fd, names);
    int r = ask_few(a, &few, "", argv, &output, e);
    if (r == 0) {
        apt_output_status(output.data ? output.data : "", ret);
    }
    return r < 0 ? err_wrap(e, "Debian %s", a->suite) : 0;
}

/* --- download --------------------------------------------------------------------------------- */

static int digest_of(int fd, char ret[SHA256_CHARS + 1], struct err *e)
{
    AUTO(sha256_freep) struct sha256 *sum = sha256_new();
    AUTO(mem_freep) char *piece = xmalloc(COPY_BYTES);
    for (ssize_t n; (n = read(fd, piece, COPY_BYTES)) != 0;) {
        if (n < 0) {
            return err_sys(e, "reading a package");
        }
        sha256_add(sum, piece, (size_t)n);
    }
    sha256_end(sum, ret);
    return 0;
}

static int deb_check(const struct apt *a, const struct apt_deb *deb, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("archives/%s", deb->file);
    AUTO(fd_closep) int fd = openat(a->dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    char hex[SHA256_CHARS + 1];
    if (fd < 0) {
        return err_sys(e, "open 'apt/%s/%s'", a->suite, path);
    }
    int r = digest_of(fd, hex, e);
    if (r == 0 && strcmp(hex, deb->sha256) != 0) {
        (void)unlinkat(a->dir_fd, path, 0);
        return err_set(e, ERR_INVALID,
                       "'%s' is not what the signed index says (it was removed; try again)",
                       deb->file);
    }
    return r;
}

static int debs_check(const struct apt *a, const struct apt_plan *plan, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < plan->count; i++) {
        r = deb_check(a, &plan->debs[i], e);
    }
    return r;
}

static int download_once(struct apt *a, const char *status, const struct apt_plan *plan,
                         struct err *e)
{
    char only[] = "--download-only";
    char *const options[] = {only, NULL};
    AUTO(strv_freep) char **argv = NULL;
    AUTO(buf_done) struct buf output = {0};
    if (plan->download_bytes == 0) {
        return 0;
    }
    install_argv(plan->asked, options, &argv);
    AUTO(strv_freep) char **small = few_argv(argv);
    int r = text_write(a->dir_fd, "status", status, e);
    return r < 0 ? r : run(a, plan->few ? small : argv, &output, e);
}

int apt_download(struct apt *a, const char *status, struct apt_plan *plan, struct err *e)
{
    int r = download_once(a, status, plan, e);
    if (r < 0 && r != -ERR_GONE) {
        /* The mirror has moved on since the index was got: once more by a new one. */
        struct err first = *e;
        AUTO(apt_plan_done) struct apt_plan again = {0};
        if (refresh(a, e) < 0 || plan_whole(a, status, plan->asked, NULL, &again, e) < 0 ||
            download_once(a, status, &again, e) < 0) {
            *e = first;
            return err_wrap(e, "downloading from Debian %s", a->suite);
        }
        apt_plan_done(plan);
        *plan = TAKE(&again, (struct apt_plan){0});
        r = 0;
    }
    return r < 0 ? r : debs_check(a, plan, e);
}

static int file_copy(int from_fd, const char *from, int to_fd, const char *to, struct err *e)
{
    AUTO(fd_closep) int in = openat(from_fd, from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    AUTO(fd_closep) int out = openat(to_fd, to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (in < 0 || out < 0) {
        return err_sys(e, "copying '%s'", to);
    }
    for (ssize_t n; (n = copy_file_range(in, NULL, out, NULL, COPY_BYTES, 0)) != 0;) {
        if (n < 0) {
            return err_sys(e, "copying '%s'", to);
        }
    }
    return 0;
}

int apt_link(const struct apt *a, const struct apt_plan *plan, int dir_fd, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < plan->count; i++) {
        const char *file = plan->debs[i].file;
        AUTO(mem_freep) char *path = xasprintf("archives/%s", file);
        if (linkat(a->dir_fd, path, dir_fd, file, 0) == 0) {
            continue;
        }
        r = file_copy(a->dir_fd, path, dir_fd, file, e);
    }
    return r;
}

/* --- what there is now ------------------------------------------------------------------------ */

int apt_look(struct apt *a, char *const *packages, struct apt_versions *ret, struct err *e)
{
    AUTO(strv_freep) char **argv = NULL;
    AUTO(buf_done) struct buf output = {0};
    strv_add(&argv, "/usr/bin/apt-cache");
    strv_add(&argv, "madison");
    strv_add(&argv, "--");
    strv_add_all(&argv, packages);
    int r = prepare(a, packages, e);
    r = r < 0 ? r : text_write(a->dir_fd, "status", "", e);
    r = r < 0 ? r : run(a, argv, &output, e);
    if (r < 0) {
        return err_wrap(e, "Debian %s", a->suite);
    }
    apt_versions_parse(output.data ? output.data : "", ret);
    return 0;
}
