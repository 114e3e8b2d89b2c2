/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/piston_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/piston_glob.h"
#include "cli/piston_packages.h"
#include "model/semver.h"

void piston_rules_done(struct piston_rules *rules)
{
    json_decref(rules->all);
    free(rules->wanted);
    *rules = (struct piston_rules){0};
}

struct rule {
    bool negate;
    char *glob;
    char *range; /* NULL: there is none, and the rule matches nothing */
};

static const json_t *package_at(const struct piston_rules *spec, size_t index)
{
    return json_array_get(spec->all, index);
}

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
           (piston_glob_matches(rule->glob, piston_package_text(package, "language")) ||
            piston_glob_matches(rule->glob, piston_package_text(package, "package"))) &&
           semver_satisfies(&version, rule->range);
}

static bool is_spare(const json_t *package)
{
    return json_is_true(json_object_get(package, "spare"));
}

static bool is_covered(const struct piston_rules *spec, const struct rule *rule,
                       const json_t *package)
{
    const char *name = piston_package_text(package, "language");
    for (size_t i = 0; is_spare(package) && i < json_array_size(spec->all); i++) {
        const json_t *other = package_at(spec, i);
        if (!is_spare(other) && rule_matches(rule, other) &&
            (strcmp(piston_package_text(other, "language"), name) == 0 ||
             strcmp(piston_package_text(other, "package"), name) == 0)) {
            return true;
        }
    }
    return false;
}

static bool is_newest_match(const struct piston_rules *spec, const struct rule *rule,
                            const json_t *package)
{
    const char *language = piston_package_text(package, "language");
    struct semver own, other;
    semver_parse(piston_package_text(package, "language_version"), &own);
    for (size_t i = 0; i < json_array_size(spec->all); i++) {
        const json_t *rival = package_at(spec, i);
        if (strcmp(piston_package_text(rival, "language"), language) == 0 &&
            is_spare(rival) == is_spare(package) && rule_matches(rule, rival) &&
            semver_parse(piston_package_text(rival, "language_version"), &other) &&
            semver_compare(&other, &own) > 0) {
            return false;
        }
    }
    return true;
}

bool piston_rules_want(const struct piston_rules *spec, size_t index)
{
    for (size_t i = 0; i < spec->wanted_count; i++) {
        if (spec->wanted[i] == index) {
            return true;
        }
    }
    return false;
}

static void rule_add(struct piston_rules *spec, const struct rule *rule)
{
    for (size_t i = 0; i < json_array_size(spec->all); i++) {
        const json_t *package = package_at(spec, i);
        if (rule_matches(rule, package) && is_newest_match(spec, rule, package) &&
            !is_covered(spec, rule, package) && !piston_rules_want(spec, i)) {
            spec->wanted[spec->wanted_count++] = i;
        }
    }
}

static void rule_remove(struct piston_rules *spec, const struct rule *rule)
{
    size_t kept = 0;
    for (size_t i = 0; i < spec->wanted_count; i++) {
        if (!rule_matches(rule, package_at(spec, spec->wanted[i]))) {
            spec->wanted[kept++] = spec->wanted[i];
        }
    }
    spec->wanted_count = kept;
}

void piston_rules_apply(struct piston_rules *spec, char *text)
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
