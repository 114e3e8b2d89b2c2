/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules of a spec gather and is not installed is installed; what is installed and not
 * gathered is uninstalled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/piston.h"
#include "cli/piston_packages.h"
#include "cli/piston_rules.h"
#include "cli/style.h"

#define SPEC_MAX ((size_t)1 << 20)

static const json_t *package_at(const struct piston_rules *spec, size_t index)
{
    return json_array_get(spec->all, index);
}

/* --- actions ---------------------------------------------------------------------------------- */

typedef void action_fn(const struct remote *remote, bool install, const json_t *package,
                       bool colour);

/* Calls `fn` with each package to install, in the order of the rules, then with each to uninstall.
 */
static size_t actions_each(const struct piston_rules *spec, const struct remote *remote,
                           bool colour, action_fn *fn)
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
        if (json_is_true(json_object_get(package, "installed")) && !piston_rules_want(spec, i)) {
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
    AUTO(piston_rules_done) struct piston_rules spec = {0};
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
    piston_rules_apply(&spec, lines);

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
