/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/apt_few.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/table.h"
#include "packages/layer_clear.h"

#define LISTS       "lists"
#define NAMES       "few.names" /* sorted by nothing, one a line; it is there when all is whole */
#define MARK        "\n# whole\n"
#define INDEX_END   "_Packages"
#define INDEX_MAX   ((size_t)512 << 20)
#define NAMES_MAX   ((size_t)64 << 20)
#define STANZAS_MIN 1024

struct stanza {
    const char *text;
    size_t len;
    struct name *package;
};

/* Of a package, or one that packages provide or depend on. */
struct name {
    struct table_node node;
    struct stanza_link {
        const struct stanza *stanza; /* is that package, or provides it */
        struct stanza_link *next;
    } * stanzas;
    struct name *next; /* of those that are wanted and not followed yet */
    bool wanted;
    char text[];
};

/* One file of lists/. */
struct list {
    char *file;
    struct buf text;
    struct stanza *stanzas;
    size_t count;
};

struct few {
    struct list *lists;
    size_t list_count;
    struct table names;
    struct name *todo;
};

static void few_done(struct few *f)
{
    for (struct table_node *node = table_next(&f->names, NULL), *next; node; node = next) {
        next = table_next(&f->names, node);
        struct name *name = TABLE_ITEM(node, struct name, node);
        for (struct stanza_link *link = name->stanzas, *after; link; link = after) {
            after = link->next;
            free(link);
        }
        free(name);
    }
    table_done(&f->names);
    for (size_t i = 0; i < f->list_count; i++) {
        free(f->lists[i].file);
        free(f->lists[i].stanzas);
        buf_done(&f->lists[i].text);
    }
    free(f->lists);
}

/* --- names ------------------------------------------------------------------------------------ */

static size_t name_length(const char *text, const char *end)
{
    const char *at = text;
    while (at < end && ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                        (*at >= '0' && *at <= '9') || (*at && strchr("+-.", *at)))) {
        at++;
    }
    return (size_t)(at - text);
}

static struct name *name_of(struct few *f, const char *text, size_t len)
{
    AUTO(mem_freep) char *key = xstrndup(text, len);
    struct table_node *node = table_find(&f->names, key);
    if (node) {
        return TABLE_ITEM(node, struct name, node);
    }
    struct name *name = xcalloc(1, sizeof(*name) + len + 1);
    memcpy(name->text, text, len);
    table_add(&f->names, &name->node, name->text);
    return name;
}

static void want(struct few *f, struct name *name)
{
    if (!name->wanted) {
        name->wanted = true;
        name->next = f->todo;
        f->todo = name;
    }
}

static void link_add(struct name *name, const struct stanza *stanza)
{
    struct stanza_link *link = xcalloc(1, sizeof(*link));
    *link = (struct stanza_link){stanza, name->stanzas};
    name->stanzas = link;
}

/* --- stanzas ---------------------------------------------------------------------------------- */

/* Its value, with the lines that go on with it; NULL: it has none. */
static const char *field(const struct stanza *s, const char *key, const char **ret_end)
{
    const char *end = s->text + s->len;
    size_t len = strlen(key);
    for (const char *line = s->text, *next; line < end; line = next) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        next = stop ? stop + 1 : end;
        if ((size_t)(next - line) > len && memcmp(line, key, len) == 0) {
            while (next < end && (*next == ' ' || *next == '\t')) {
                stop = memchr(next, '\n', (size_t)(end - next));
                next = stop ? stop + 1 : end;
            }
            *ret_end = next;
            return line + len;
        }
    }
    return NULL;
}

typedef void name_fn(struct few *f, const struct stanza *s, struct name *name);

/* "a (>= 1) | b:any, c" */
static void each_name(struct few *f, const struct stanza *s, const char *key, name_fn *fn)
{
    const char *end;
    const char *at = field(s, key, &end);
    while (at && at < end) {
        size_t len = name_length(at, end);
        if (len == 0) {
            at++; /* space, comma or bar */
            continue;
        }
        fn(f, s, name_of(f, at, len));
        at += len;
        while (at < end && *at != ',' && *at != '|') {
            at++;
        }
    }
}

static void on_provided(struct few *f, const struct stanza *s, struct name *name)
{
    (void)f;
    link_add(name, s);
}

static void on_needed(struct few *f, const struct stanza *s, struct name *name)
{
    (void)s;
    want(f, name);
}

static void stanzas_find(struct list *l)
{
    const char *at = l->text.data, *end = at + l->text.len;
    size_t room = 0;
    while (at < end) {
        const char *stop = memmem(at, (size_t)(end - at), "\n\n", 2);
        const char *next = stop ? stop + 2 : end;
        if (l->count == room) {
            room = room > 0 ? room * 2 : STANZAS_MIN;
            l->stanzas = xreallocarray(l->stanzas, room, sizeof(*l->stanzas));
        }
        l->stanzas[l->count++] = (struct stanza){.text = at, .len = (size_t)(next - at)};
        at = next;
    }
}

static void stanzas_index(struct few *f, struct list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct stanza *s = &l->stanzas[i];
        const char *end, *package = field(s, "Package: ", &end);
        if (package) {
            s->package = name_of(f, package, name_length(package, end));
            link_add(s->package, s);
            each_name(f, s, "Provides: ", on_provided);
        }
    }
}

/* --- the lists -------------------------------------------------------------------------------- */

static int list_read(struct few *f, int dir_fd, const char *file, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open 'apt/.../" LISTS "/%s'", file);
    }
    f->lists = xreallocarray(f->lists, f->list_count + 1, sizeof(*f->lists));
    struct list *l = &f->lists[f->list_count++];
    *l = (struct list){.file = xstrdup(file)};
    int r = fd_read_all(fd, INDEX_MAX, &l->text, e);
    if (r == 0 && l->text.len > 0) {
        stanzas_find(l);
    }
    return r;
}

static int lists_read(struct few *f, int suite_fd, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(suite_fd, LISTS, &dir, e);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        const char *kind = strstr(entry->d_name, INDEX_END);
        if (kind && kind[strlen(INDEX_END)] != '\0') {
            return err_set(e, ERR_UNSUPPORTED, "'%s' is compressed", entry->d_name);
        }
        r = kind ? list_read(f, dirfd(dir), entry->d_name, e) : 0;
    }
    for (size_t i = 0; r == 0 && i < f->list_count; i++) {
        stanzas_index(f, &f->lists[i]);
    }
    return r;
}

/* What provides it is as good as it. */
static void follow(struct few *f)
{
    for (struct name *name; (name = f->todo) != NULL;) {
        f->todo = name->next;
        for (const struct stanza_link *link = name->stanzas; link; link = link->next) {
            if (link->stanza->package == name) {
                each_name(f, link->stanza, "Depends: ", on_needed);
                each_name(f, link->stanza, "Pre-Depends: ", on_needed);
            } else {
                want(f, link->stanza->package);
            }
        }
    }
}

/* --- few/ ------------------------------------------------------------------------------------- */

static int file_write(int dir_fd, const char *name, const struct buf *text, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    int r = fd < 0 ? err_sys(e, "write 'apt/.../%s'", name)
                   : fd_write_all(fd, text->data ? text->data : "", text->len, e);
    return r == 0 && fsync(fd) < 0 ? err_sys(e, "write 'apt/.../%s'", name) : r;
}

static int list_write(const struct list *l, int dir_fd, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    for (size_t i = 0; i < l->count; i++) {
        const struct stanza *s = &l->stanzas[i];
        if (s->package && s->package->wanted) {
            buf_add(&text, s->text, s->len);
        }
    }
    return file_write(dir_fd, l->file, &text, e);
}

/* Of each release what is said of it, and its signature. */
static int releases_link(int suite_fd, int few_fd, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(suite_fd, LISTS, &dir, e);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        const char *name = entry->d_name;
        bool wanted = str_ends(name, "Release") || str_ends(name, "Release.gpg");
        if (wanted && linkat(dirfd(dir), name, few_fd, name, 0) < 0) {
            r = err_sys(e, "link 'apt/.../" APT_FEW "/%s'", name);
        }
    }
    return r;
}

static int few_write(const struct few *f, int suite_fd, struct err *e)
{
    AUTO(buf_done) struct buf names = {0};
    if (mkdirat(suite_fd, APT_FEW, 0755) < 0) {
        return err_sys(e, "mkdir 'apt/.../" APT_FEW "'");
    }
    AUTO(fd_closep)
    int fd = openat(suite_fd, APT_FEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r = fd < 0 ? err_sys(e, "open 'apt/.../" APT_FEW "'") : releases_link(suite_fd, fd, e);
    for (size_t i = 0; r == 0 && i < f->list_count; i++) {
        r = list_write(&f->lists[i], fd, e);
    }
    if (r == 0 && fsync(fd) < 0) {
        r = err_sys(e, "write 'apt/.../" APT_FEW "'");
    }
    struct table_node *node = NULL;
    while ((node = table_next(&f->names, node)) != NULL) {
        if (TABLE_ITEM(node, struct name, node)->wanted) {
            buf_add_fmt(&names, "\n%s", node->key);
        }
    }
    buf_add_str(&names, MARK);
    return r < 0 ? r : file_write(suite_fd, NAMES, &names, e);
}

/* "\nNAME\nNAME...": nothing of it when there is none. */
static void names_read(int suite_fd, struct buf *ret)
{
    AUTO(fd_closep) int fd = openat(suite_fd, NAMES, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct err ignored; /* then it is made */
    if (fd < 0 || fd_read_all(fd, NAMES_MAX, ret, &ignored) < 0 || !ret->data ||
        !str_ends(ret->data, MARK)) {
        buf_clear(ret);
    }
}

int apt_few_make(int suite_fd, char *const *names, struct err *e)
{
    AUTO(few_done) struct few f = {0};
    AUTO(buf_done) struct buf before = {0};
    names_read(suite_fd, &before);
    AUTO(strv_freep) char **again = strv_split(before.data ? before.data : "", "\n");
    int r = apt_few_forget(suite_fd, e);
    r = r < 0 ? r : lists_read(&f, suite_fd, e);
    if (r < 0) {
        return r;
    }
    for (char *const *name = names; name && *name; name++) {
        want(&f, name_of(&f, *name, name_length(*name, *name + strlen(*name))));
    }
    for (char *const *name = again; name && *name; name++) {
        want(&f, name_of(&f, *name, name_length(*name, *name + strlen(*name))));
    }
    follow(&f);
    return few_write(&f, suite_fd, e);
}

bool apt_few_has(int suite_fd, char *const *names)
{
    AUTO(buf_done) struct buf known = {0};
    names_read(suite_fd, &known);
    for (char *const *name = names; name && *name; name++) {
        size_t len = name_length(*name, *name + strlen(*name));
        AUTO(mem_freep) char *line = xasprintf("\n%.*s\n", (int)len, *name);
        if (!known.data || !memmem(known.data, known.len, line, len + 2)) {
            return false;
        }
    }
    return known.len > 0;
}

int apt_few_forget(int suite_fd, struct err *e)
{
    if (unlinkat(suite_fd, NAMES, 0) < 0 && errno != ENOENT) {
        return err_sys(e, "unlink 'apt/.../" NAMES "'");
    }
    return layer_clear(suite_fd, APT_FEW, e);
}
