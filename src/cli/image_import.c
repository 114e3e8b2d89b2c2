/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/image.h"
#include "model/semver.h"
#include "packages/image_pull.h"
#include "packages/image_recipe.h"
#include "packages/image_spec.h"
#include "packages/manifest.h"
#include "packages/store.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"

#define SPEC_MAX ((size_t)64 << 10)

void image_session_done(struct image_session *s)
{
    workshop_close(TAKE(&s->workshop, NULL));
}

static int import_of(struct image_session *s, const char *name, const struct image_choice *choice,
                     struct image_import *ret, struct err *e)
{
    int r = image_name_check(name, e);
    if (r == 0 && !s->workshop) {
        r = workshop_open(s->config, store_fd(s->store), &s->workshop, e);
    }
    *ret = (struct image_import){.config = s->config,
                                 .recipes = s->recipes,
                                 .store = s->store,
                                 .workshop = s->workshop,
                                 .progress = s->progress,
                                 .name = name,
                                 .choice = *choice};
    return r;
}

static int descriptor_import(struct image_session *s, const char *name, int fd,
                             const struct image_choice *choice, char ***ret_ids, struct err *e)
{
    struct image_import import;
    int r = import_of(s, name, choice, &import, e);
    return r < 0 ? r : image_import(&import, fd, ret_ids, e);
}

int image_import_path(struct image_session *s, const char *name, const char *path,
                      const struct image_choice *choice, char ***ret_ids, struct err *e)
{
    bool is_input = strcmp(path, "-") == 0;
    AUTO(fd_closep)
    int fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                      : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return err_sys(e, "open '%s'", path);
    }
    int r = descriptor_import(s, name, fd, choice, ret_ids, e);
    return r < 0 ? err_wrap(e, "'%.80s'", path) : 0;
}

int image_import_reference(struct image_session *s, const char *name, const char *reference,
                           const struct image_choice *choice, char ***ret_ids, struct err *e)
{
    struct stage stage = {0};
    AUTO(fd_closep) int fd = -1;
    AUTO(mem_freep) char *version = image_version_of_reference(reference);
    struct image_choice with = *choice;
    with.origin = reference;
    with.version = with.version ? with.version : version;
    int r = image_name_check(name, e);
    r = r < 0 ? r : store_stage(s->store, &stage, e);
    if (r < 0) {
        return r;
    }
    r = image_pull(reference, &stage, &fd, e);
    r = r < 0 ? r : descriptor_import(s, name, fd, &with, ret_ids, e);
    stage_done(&stage);
    return r;
}

/* --- specs ---------------------------------------------------------------------------------- */

static void not_said(void *ctx, const struct err *e)
{
    (void)ctx, (void)e;
}

/* An image's name, an id, or a language. */
static bool is_meant(const struct manifest *m, const struct image_spec *spec)
{
    AUTO(mem_freep) char *image = xasprintf(IMAGE_ID_PREFIX "%s", spec->package);
    bool named = strcmp(m->id, image) == 0 || strcmp(m->id, spec->package) == 0 ||
                 (m->recipe->language && strcmp(m->recipe->language, spec->package) == 0);
    return named && !m->hidden && (!spec->versioned || strcmp(m->version, spec->version) == 0);
}

static struct manifest *installed_find(const struct image_session *s, const char *own_id,
                                       const struct image_spec *spec)
{
    struct manifest *found = NULL;
    AUTO(mem_freep) struct manifest **all = NULL;
    size_t count = package_store_list(s->store, &all, not_said, NULL);
    for (size_t k = 0; k < count; k++) {
        if (!found && strcmp(all[k]->id, own_id) != 0 && is_meant(all[k], spec)) {
            found = all[k];
        } else {
            manifest_free(all[k]);
        }
    }
    return found;
}

static int installed_derive(struct image_session *s, const char *name, const struct manifest *from,
                            const struct image_choice *choice, char ***ret_ids, struct err *e)
{
    struct image_import import;
    int r = import_of(s, name, choice, &import, e);
    return r < 0 ? r : image_derive(&import, from, ret_ids, e);
}

/* Beside the spec; NULL: there is no such file. */
static char *file_of(const char *spec_path, const char *package)
{
    const char *slash = strrchr(spec_path, '/');
    AUTO(mem_freep)
    char *path = package[0] == '/' ? xstrdup(package)
                                   : xasprintf("%.*s%s", slash ? (int)(slash - spec_path) + 1 : 0,
                                               spec_path, package);
    return access(path, F_OK) == 0 ? TAKE(&path, NULL) : NULL;
}

static int spec_follow(struct image_session *s, const char *name, const char *path,
                       const struct image_spec *spec, char ***ret_ids, struct err *e)
{
    const struct image_choice choice = {
        .language = spec->language, .version = spec->version, .aliases = spec->aliases};
    AUTO(mem_freep) char *own_id = xasprintf(IMAGE_ID_PREFIX "%s", name);
    AUTO(mem_freep) char *file = file_of(path, spec->package);
    AUTO(mem_freep)
    char *reference =
        spec->versioned ? xasprintf("%s:%s", spec->package, spec->version) : xstrdup(spec->package);
    struct manifest *from = installed_find(s, own_id, spec);
    int r;
    if (from) {
        r = installed_derive(s, name, from, &choice, ret_ids, e);
        manifest_free(from);
    } else if (file) {
        r = image_import_path(s, name, file, &choice, ret_ids, e);
    } else {
        r = image_import_reference(s, name, reference, &choice, ret_ids, e);
    }
    return r;
}

static char *name_of(const char *path)
{
    static const char ending[] = ".json";
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strlen(name), cut = str_ends(name, ending) ? strlen(ending) : 0;
    return xstrndup(name, len - cut);
}

int image_import_spec(struct image_session *s, const char *path, char ***ret_ids, struct err *e)
{
    AUTO(image_spec_done) struct image_spec spec = {0};
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep) char *name = name_of(path);
    int r = fd_read_path(path, SPEC_MAX, &text, e);
    r = r < 0 ? r : image_spec_parse(text.data ? text.data : "", text.len, &spec, e);
    r = r < 0 ? r : spec_follow(s, name, path, &spec, ret_ids, e);
    return r < 0 ? err_wrap(e, "'%.80s.json'", name) : 0;
}
