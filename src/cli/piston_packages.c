/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/piston.h"
#include "cli/piston_packages.h"
#include "cli/style.h"
#include "model/semver.h"

int piston_packages(const struct remote *remote, json_t **ret, struct err *e)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    long status = 0;
    int r = remote_call(remote, "GET", "/api/v2/packages", NULL, &status, &answer, e);
    if (r < 0) {
        return r;
    }
    if (status != 200 || !json_is_array(answer)) {
        return remote_refusal(remote, status, answer, e);
    }
    *ret = TAKE(&answer, NULL);
    return 0;
}

const char *piston_package_text(const json_t *package, const char *key)
{
    const char *text = json_string_value(json_object_get(package, key));
    return text ? text : "";
}

int piston_package_change(const struct remote *remote, const char *method, const char *language,
                          const char *version, long *ret_status, json_t **ret_answer, struct err *e)
{
    AUTO(remote_json_freep) json_t *body = json_object();
    json_object_set_new(body, "language", json_string(language));
    json_object_set_new(body, "version", json_string(version));
    return remote_call(remote, method, "/api/v2/packages", body, ret_status, ret_answer, e);
}

int piston_list(const struct piston_args *args, char *const *words, struct err *e)
{
    AUTO(remote_json_freep) json_t *all = NULL;
    bool colour = style_wanted(STDOUT_FILENO);
    size_t index;
    json_t *package;
    (void)words;

    int r = piston_packages(&args->remote, &all, e);
    if (r < 0) {
        return r;
    }
    json_array_foreach(all, index, package)
    {
        bool installed = json_is_true(json_object_get(package, "installed"));
        fputs(index ? "\n" : "", stdout);
        style_put(stdout, colour, installed ? STYLE_GREEN : STYLE_RED, "\xe2\x80\xa2");
        printf(" %s %s", piston_package_text(package, "language"),
               piston_package_text(package, "language_version"));
    }
    putchar('\n');
    return 0;
}

/* --- install and uninstall -------------------------------------------------------------------- */

/* "3.9.4", "^18", ">=3": no package is called so. */
static bool is_version(const char *word)
{
    const char *number = word + strspn(word, "^~<>=v ");
    return isdigit((unsigned char)*number) && semver_range_valid(word);
}

struct wish {
    char *language;
    const char *version;
};

static void wish_done(struct wish *wish)
{
    mem_freep(&wish->language);
}

/*
 * One package at *words: "name", "name=version", or the two words "name version" of 2021's CLI;
 * *words is moved behind it.
 */
static struct wish wish_read(char *const **words)
{
    const char *word = *(*words)++;
    size_t len = strcspn(word, "=");
    struct wish wish = {.language = xstrndup(word, len), .version = "*"};
    if (word[len] && word[len + 1]) {
        wish.version = word + len + 1;
    } else if (!word[len] && **words && is_version(**words)) {
        wish.version = *(*words)++;
    }
    return wish;
}

static void outcome_print(const char *noun, const json_t *answer)
{
    bool colour = style_wanted(STDOUT_FILENO);
    bool done = json_is_string(json_object_get(answer, "language"));
    style_put(stdout, colour, done ? STYLE_GREEN_BOLD : STYLE_RED_BOLD,
              done ? "\xe2\x9c\x93" : "\xe2\x9d\x8c");
    printf(" %s %s%s\n", noun,
           done ? "succeeded" : "failed: ", done ? "" : piston_package_text(answer, "message"));
}

/* One request each; as there, a failure stops neither the others nor the command. */
static int change_all(const struct piston_args *args, char *const *words, const char *method,
                      const char *noun, struct err *e)
{
    while (*words) {
        AUTO(remote_json_freep) json_t *answer = NULL;
        AUTO(wish_done) struct wish wish = wish_read(&words);
        long status = 0;
        int r = piston_package_change(&args->remote, method, wish.language, wish.version, &status,
                                      &answer, e);
        if (r < 0) {
            return r;
        }
        if (status / 100 == 2) {
            outcome_print(noun, answer);
        } else {
            struct err refusal;
            remote_refusal(&args->remote, status, answer, &refusal);
            fflush(stdout);
            fprintf(stderr, "%s\n", refusal.text);
        }
    }
    return 0;
}

int piston_install(const struct piston_args *args, char *const *words, struct err *e)
{
    return change_all(args, words, "POST", "Installation", e);
}

int piston_uninstall(const struct piston_args *args, char *const *words, struct err *e)
{
    return change_all(args, words, "DELETE", "Uninstallation", e);
}
