/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spec file says which packages shall be there, line by line:
 *
 *   # a comment, if it is the first character
 *   glob range      of each package name that matches, the newest version within the range
 *   !glob range     takes away what matches from all that was gathered so far
 *
 * What is gathered and not installed is installed; what is installed and not gathered is
 * uninstalled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/piston.h"
#include "cli/piston_glob.h"
#include "cli/piston_packages.h"
#include "cli/style.h"
#include "model/semver.h"

#define SPEC_MAX ((size_t)1 << 20)

struct spec {
    json_t *all;    /* the packages of the server */
    size_t *wanted; /* indices into `all`, in the order of the rules */
    size_t wanted_count;
};

struct rule {
    bool negate;
    char *glob;
    char *range; /* NULL: there is none, and the rule matches nothing */
};

static void spec_done(struct spec *spec)
{
    json_decref(spec->all);
    free(spec->wanted);
}

static const json_t *package_at(const struct spec *spec, size_t index)
{
    return json_array_get(spec->all, index);
}

/* --- rules ------------------------------------------------------------------------------------ */

static char *trim(char *text)
{
    static const char blanks[] = " \t\r\v\f";
    text += strspn(text, blanks);
    for (size_t len = strlen(text); len > 0 && strchr(blanks, text[len - 1]); len--) {
        text[len - 1] = '\0';
    }
    return text;
}

/* False: a comment or a blank line. */
static bool rule_read(char *line, struct rule *ret)
{
    bool negate = line[0] == '!';
    bool comment = line[0] == '#';
    char *text = trim(line + negate);
    if (comment || (!*text && !negate)) {
        return false;
    }
    char *space = strchr(text, ' ');
    *ret = (struct rule){.negate = negate, .glob = text, .range = space ? space + 1 : NULL};
    if (space) {
        *space = '\0';
        ret->range[strcspn(ret->range, " ")] = '\0';
    }
    return true;
}

static bool rule_matches(const struct rule *rule, const json_t *package)
{
    struct semver version;
    return rule->range &&
           semver_parse(piston_package_text(package, "language_version"), &version) &&
           piston_glob_matches(rule->glob, piston_package_text(package, "language")) &&
           semver_satisfies(&version, rule->range);
}

static bool is_newest_match(const struct spec *spec, const struct rule *rule, const json_t *package)
{
    const char *language = piston_package_text(package, "language");
    struct semver own, other;
    semver_parse(piston_package_text(package, "language_version"), &own);
    for (size_t i = 0; i < json_array_size(spec->all); i++) {
        const json_t *rival = package_at(spec, i);
        if (strcmp(piston_package_text(rival, "language"), language) == 0 &&
            rule_matches(rule, rival) &&
            semver_parse(piston_package_text(rival, "language_version"), &other) &&
            semver_compare(&other, &own) > 0) {
            return false;
        }
    }
    return true;
}

static bool is_wanted(const struct spec *spec, size_t index)
{
    for (size_t i = 0; i < spec->wanted_count; i++) {
        if (spec->wanted[i] == index) {
            return true;
        }
    }
    return false;
}

static void rule_add(struct spec *spec, const struct rule *rule)
{
    for (size_t i = 0; i < json_array_size(spec->all); i++) {
        const json_t *package = package_at(spec, i);
        if (rule_matches(rule, package) && is_newest_match(spec, rule, package) &&
            !is_wanted(spec, i)) {
            spec->wanted[spec->wanted_count++] = i;
        }
    }
}

static void rule_remove(struct spec *spec, const struct rule *rule)
{
    size_t kept = 0;
    for (size_t i = 0; i < spec->wanted_count; i++) {
        if (!rule_matches(rule, package_at(spec, spec->wanted[i]))) {
            spec->wanted[kept++] = spec->wanted[i];
        }
    }
    spec->wanted_count = kept;
}

static void rules_apply(struct spec *spec, char *text)
{
    spec->wanted = xcalloc(json_array_size(spec->all) + 1, sizeof(*spec->wanted));
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        struct rule rule;
        if (rule_read(line, &rule)) {
            (rule.negate ? rule_remove : rule_add)(spec, &rule);
        }
    }
}

/* --- actions ---------------------------------------------------------------------------------- */

typedef void action_fn(const struct remote *remote, bool install, const json_t *package,
                       bool colour);

/* Calls `fn` with each package to install, in the order of the rules, then with each to uninstall.
 */
static size_t actions_each(const struct spec *spec, const struct remote *remote, bool colour,
                           action_fn *fn)
{
    size_t count = 0;
    for (size_t i = 0; i < spec->wanted_count; i++) {
        const json_t *package = package_at(spec, spec->wanted[i]);
        if (!json_is_true(json_object_get(package, "installed"))) {
            fn(remote, true, package, colour);
            count++;
        }
    }
    for (size_t i = 0; i < json_array_size(spec->all); i++) {
        const json_t *package = package_at(spec, i);
        if (json_is_true(json_object_get(package, "installed")) && !is_wanted(spec, i)) {
            fn(remote, false, package, colour);
            count++;
        }
    }
    return count;
}

static void action_announce(const struct remote *remote, bool install, const json_t *package,
                            bool colour)
{
    (void)remote;
    style_put(stdout, colour, install ? STYLE_GREEN : STYLE_RED, install ? "Install" : "Uninstall");
    printf(" %s %s\n", piston_package_text(package, "language"),
           piston_package_text(package, "language_version"));
}

static void action_do(const struct remote *remote, bool install, const json_t *package, bool colour)
{
    AUTO(remote_json_freep) json_t *answer = NULL;
    const char *language = piston_package_text(package, "language");
    const char *version = piston_package_text(package, "language_version");
    struct err e = {0};
    long status = 0;
    int r = piston_package_change(remote, install ? "POST" : "DELETE", language, version, &status,
                                  &answer, &e);
    if (r == 0 && !json_is_string(json_object_get(answer, "language"))) {
        r = remote_refusal(remote, status, answer, &e);
    }
    if (r < 0) {
        style_put(stdout, colour, STYLE_BOLD_RED,
                  install ? "Failed to install" : "Failed to uninstall");
        printf(" %s %s: %s\n", language, version, e.text);
    } else {
        style_put(stdout, colour, STYLE_BOLD_GREEN, install ? "Installed" : "Uninstalled");
        printf(" %s %s\n", language, version);
    }
    fflush(stdout);
}

int piston_spec(const struct piston_args *args, char *const *words, struct err *e)
{
    AUTO(spec_done) struct spec spec = {0};
    AUTO(buf_done) struct buf text = {0};
    bool colour = style_wanted(STDOUT_FILENO);
    int r = fd_read_path(words[0], SPEC_MAX, &text, e);
    if (r == 0) {
        r = piston_packages(&args->remote, &spec.all, e);
    }
    if (r < 0) {
        return r;
    }
    AUTO(mem_freep) char *lines = xstrndup(text.data ? text.data : "", text.len);
    rules_apply(&spec, lines);

    style_put(stdout, colour, STYLE_BOLD_YELLOW, "Actions");
    putchar('\n');
    if (actions_each(&spec, &args->remote, colour, action_announce) == 0) {
        style_put(stdout, colour, STYLE_GRAY, "None");
        putchar('\n');
    }
    fflush(stdout);
    actions_each(&spec, &args->remote, colour, action_do);
    return 0;
}
