/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar image: OCI images as languages.
 */
#include "cli/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/event_out.h"
#include "cli/packages_dir.h"
#include "cli/text.h"
#include "config/config.h"
#include "packages/manifest.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define WORDS_MAX  64
#define RECIPE_MAX ((size_t)1 << 20)
#define ID_WIDTH   24

const struct cli_flag image_flags[] = {
    {"--as", 0, "NAME", "What the image is called here, and its language when no flag says one."},
    {"--ref", 0, "REF", "Which image of an archive that has several."},
    {"--language", 0, "NAME", "The language that it runs."},
    {"--version", 0, "X.Y.Z", "Its version; else the one of the image's tag or label."},
    {"--alias", 0, "NAME", "One more name of the language; may be repeated."},
    {"--extension", 0, ".EXT", "What names of its files end with; may be repeated."},
    {"--compile", 0, "COMMAND", "Compiles: words, of which {sources}, {main} are the files."},
    {"--run", 0, "COMMAND", "Runs: words, of which {main} is the file, {args} its arguments."},
    {"--recipe", 0, "FILE.toml", "A recipe that says all this, and more."},
    {"--events", 0, NULL, "Print what happens as lines of JSON."},
    {0},
};

struct choices {
    char *name, *reference, *language, *version, *compile, *run, *recipe;
    char **aliases, **extensions;
    bool events;
};

static void choices_done(struct choices *c)
{
    char *const texts[] = {c->name,    c->reference, c->language, c->version,
                           c->compile, c->run,       c->recipe};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    strv_free(c->aliases);
    strv_free(c->extensions);
}

static int on_flag(void *ctx, const struct cli_flag *flag, const char *value, struct err *e)
{
    struct choices *c = ctx;
    (void)e;
    const struct {
        const char *name;
        char **text, ***list;
    } all[] = {
        {"--as", &c->name, NULL},           {"--ref", &c->reference, NULL},
        {"--language", &c->language, NULL}, {"--version", &c->version, NULL},
        {"--alias", NULL, &c->aliases},     {"--extension", NULL, &c->extensions},
        {"--compile", &c->compile, NULL},   {"--run", &c->run, NULL},
        {"--recipe", &c->recipe, NULL},
    };
    c->events = c->events || strcmp(flag->name, "--events") == 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (strcmp(flag->name, all[i].name) != 0) {
            continue;
        }
        if (all[i].list) {
            strv_add(all[i].list, value);
        } else {
            free(*all[i].text);
            *all[i].text = xstrdup(value);
        }
    }
    return 0;
}

/* --- what is said ----------------------------------------------------------------------------- */

struct image_command {
    struct image_session session;
    const struct choices *choices;
    char **words; /* behind the action */
    bool events;
    json_t *result;
};

static void event_print(json_t *event, uint64_t wait_ms)
{
    event_out(STDOUT_FILENO, event, wait_ms);
    json_decref(event);
}

static void on_step(void *ctx, const char *what, enum progress_phase phase, uint64_t done,
                    uint64_t total)
{
    static const char *const names[] = {"plan", "download", "unpack", "setup", "check", "done"};
    const struct image_command *c = ctx;
    if (c->events) {
        event_print(json_pack("{s:s,s:s,s:I,s:I}", "phase", names[phase], "what", what, "done",
                              (json_int_t)done, "total", (json_int_t)total),
                    0);
    } else if (phase == PROGRESS_UNPACK) {
        cli_note("image", "%s: layer %" PRIu64 " of %" PRIu64, what, done, total);
    }
}

static void on_unreadable(void *ctx, const struct err *e)
{
    (void)ctx;
    cli_error("image", e);
}

/* A line for each runtime that there is now. */
static void made_say(struct image_command *c, char *const *ids)
{
    json_t *all = json_array();
    for (; ids && *ids; ids++) {
        struct manifest *m = NULL;
        struct err e;
        if (package_store_get(c->session.store, *ids, &m, &e) < 0) {
            continue;
        }
        if (c->events) {
            json_array_append_new(all, json_pack("{s:s,s:s,s:s}", "id", m->id, "language",
                                                 m->recipe->language, "version", m->version));
        } else {
            printf("%-*s %s %s\n", ID_WIDTH, m->id, m->recipe->language, m->version);
        }
        manifest_free(m);
    }
    json_object_set_new(c->result, "installed", all);
}

/* --- actions ---------------------------------------------------------------------------------- */

static int choice_of(const struct choices *c, struct buf *recipe, struct image_choice *ret,
                     struct err *e)
{
    int r = c->recipe ? fd_read_path(c->recipe, RECIPE_MAX, recipe, e) : 0;
    *ret = (struct image_choice){.reference = c->reference,
                                 .language = c->language,
                                 .version = c->version,
                                 .compile = c->compile,
                                 .run = c->run,
                                 .aliases = c->aliases,
                                 .extensions = c->extensions,
                                 .recipe = c->recipe ? (recipe->data ? recipe->data : "") : NULL,
                                 .recipe_len = recipe->len};
    return r;
}

typedef int import_fn(struct image_session *s, const char *name, const char *from,
                      const struct image_choice *choice, char ***ret_ids, struct err *e);

static int import_any(struct image_command *c, import_fn *import, struct err *e)
{
    AUTO(buf_done) struct buf recipe = {0};
    AUTO(strv_freep) char **ids = NULL;
    struct image_choice choice;
    if (!c->choices->name) {
        return err_set(e, ERR_INVALID, "how is it to be called? Add --as NAME");
    }
    int r = choice_of(c->choices, &recipe, &choice, e);
    r = r < 0 ? r : import(&c->session, c->choices->name, c->words[0], &choice, &ids, e);
    if (r == 0) {
        made_say(c, ids);
    }
    return r;
}

static int do_import(struct image_command *c, struct err *e)
{
    return import_any(c, image_import_path, e);
}

static int do_pull(struct image_command *c, struct err *e)
{
    return import_any(c, image_import_reference, e);
}

static int do_add(struct image_command *c, struct err *e)
{
    int r = 0;
    for (char **path = c->words; r == 0 && *path; path++) {
        AUTO(strv_freep) char **ids = NULL;
        r = image_import_spec(&c->session, *path, &ids, e);
        if (r == 0) {
            made_say(c, ids);
        }
    }
    return r;
}

static int do_remove(struct image_command *c, struct err *e)
{
    int r = 0;
    for (char **name = c->words; r == 0 && *name; name++) {
        uint64_t bytes = 0;
        unsigned left = 0;
        r = image_remove(c->session.store, *name, &bytes, &left, e);
        if (r == 0 && left > 0) {
            cli_note("image", "%s: %u layers are in use; 'belljar pkg gc' removes them later",
                     *name, left);
        }
    }
    return r;
}

static uint64_t bytes_of(const struct package_store *store, const struct manifest *m)
{
    uint64_t bytes = 0;
    for (size_t n = 0; n < m->layer_count; n++) {
        struct layer layer;
        struct err ignored;
        bytes += store_layer(store, m->layers[n], &layer, &ignored) == 0 ? layer.bytes : 0;
    }
    return bytes;
}

static void list_one(const struct image_command *c, const struct manifest *m, json_t *all)
{
    uint64_t bytes = bytes_of(c->session.store, m);
    const char *from = m->part_count > 0 ? m->parts[0].name : "";
    const char *digest = m->part_count > 0 ? m->parts[0].version : "";
    if (c->events) {
        json_array_append_new(all,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "id", m->id, "language",
                                        m->recipe->language, "version", m->version, "image", from,
                                        "digest", digest, "bytes", (json_int_t)bytes, "layers",
                                        (json_int_t)m->layer_count));
        return;
    }
    AUTO(buf_done) struct buf size = {0};
    text_add_bytes(&size, bytes);
    printf("%-*s %-16s %-12s %9s %2zu layers  %s %.19s\n", ID_WIDTH,
           m->id + strlen(IMAGE_ID_PREFIX), m->recipe->language, m->version, size.data,
           m->layer_count, from, digest);
}

static int do_list(struct image_command *c, struct err *e)
{
    AUTO(mem_freep) struct manifest **all = NULL;
    json_t *images = json_array();
    (void)e;
    size_t count = package_store_list(c->session.store, &all, on_unreadable, NULL);
    for (size_t k = 0; k < count; k++) {
        if (strcmp(all[k]->source, IMAGE_SOURCE) == 0 && str_starts(all[k]->id, IMAGE_ID_PREFIX)) {
            list_one(c, all[k], images);
        }
        manifest_free(all[k]);
    }
    json_object_set_new(c->result, "images", images);
    return 0;
}

static const struct action {
    const char *name;
    int (*run)(struct image_command *c, struct err *e);
    bool writes;
    size_t min, max; /* words */
    const char *usage;
} actions[] = {
    {"import", do_import, true, 1, 1, "belljar image import FILE.tar --as NAME"},
    {"pull", do_pull, true, 1, 1, "belljar image pull REGISTRY/IMAGE:TAG --as NAME"},
    {"add", do_add, true, 1, WORDS_MAX, "belljar image add FILE.json"},
    {"list", do_list, false, 0, 0, "belljar image list"},
    {"remove", do_remove, true, 1, WORDS_MAX, "belljar image remove NAME"},
};

/* --- the command ------------------------------------------------------------------------------ */

static const struct action *action_find(char *const *words, struct err *e)
{
    for (size_t i = 0; words && words[0] && i < ARRAY_LEN(actions); i++) {
        size_t count = strv_len(words) - 1;
        if (strcmp(actions[i].name, words[0]) != 0) {
            continue;
        }
        if (count >= actions[i].min && count <= actions[i].max) {
            return &actions[i];
        }
        (void)err_set(e, ERR_INVALID, "write '%s'", actions[i].usage);
        return NULL;
    }
    (void)err_set(e, ERR_INVALID, "write 'belljar image import|pull|add|list|remove ...'");
    return NULL;
}

static int action_run(const struct action *action, struct image_command *c, struct err *e)
{
    AUTO(mem_freep) char *path = NULL;
    AUTO(recipes_freep) struct recipes *recipes = NULL;
    AUTO(package_store_closep) struct package_store *store = NULL;
    struct progress progress = {.step = on_step, .ctx = c};
    int r = packages_dir_path(c->session.config, &path, e);
    (void)umask(022); /* boxes read it as strangers */
    r = r < 0 ? r : package_store_open(path, action->writes, &store, e);
    if (r == -ERR_NOT_FOUND && !action->writes) {
        return 0; /* nothing was ever installed */
    }
    if (r < 0) {
        return r;
    }
    AUTO(mem_freep) char *own = xasprintf("%s/recipes", path);
    recipes = recipes_new(own, on_unreadable, NULL);
    c->session.store = store;
    c->session.recipes = recipes;
    c->session.progress = &progress;
    r = action->run(c, e);
    image_session_done(&c->session);
    return r;
}

static void end_say(struct image_command *c, int r, const struct err *e)
{
    if (c->events && r == 0) {
        json_object_set_new(c->result, "end", json_string("ok"));
        event_print(json_incref(c->result), EVENT_END_WAIT_MS);
    } else if (c->events) {
        event_print(json_pack("{s:s,s:s,s:s}", "end", "error", "kind", err_kind_name(e->kind),
                              "message", e->text),
                    EVENT_END_WAIT_MS);
    } else if (r < 0) {
        cli_error("image", e);
    }
}

int cmd_image(int argc, char **argv)
{
    (void)argc;
    AUTO(config_freep) struct config *config = NULL;
    AUTO(mem_freep) char **words = NULL; /* they are argv's */
    AUTO(choices_done) struct choices choices = {0};
    const struct action *action = NULL;
    struct err e;
    int r = args_read(argv + 1, image_flags, on_flag, &choices, WORDS_MAX, &words, &config, &e);
    if (r == ARGS_HELP) {
        return help_show("image");
    }
    if (r == 0) {
        action = action_find(words, &e);
    }
    if (!action) {
        cli_error("image", &e);
        return CLI_USAGE;
    }
    struct image_command c = {.session = {.config = config},
                              .choices = &choices,
                              .words = words + 1,
                              .events = choices.events,
                              .result = json_object()};
    r = action_run(action, &c, &e);
    end_say(&c, r, &e);
    json_decref(c.result);
    return r < 0 ? CLI_FAILED : CLI_OK;
}
