/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/image_spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/semver.h"
#include "packages/oci_json.h"
#include "recipes/recipe_id.h"

void image_spec_done(struct image_spec *s)
{
    free(s->language);
    free(s->version);
    free(s->package);
    strv_free(s->aliases);
    *s = (struct image_spec){0};
}

static int keys_check(const json_t *json, struct err *e)
{
    static const char *const keys[] = {"language", "version", "aliases", "pkg", "versioned"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            known = known || strcmp(keys[i], name) == 0;
        }
        if (!known) {
            return err_set(e, ERR_INVALID,
                           "there is no key \"%.40s\"; write language, version, aliases, pkg and "
                           "versioned",
                           name);
        }
    }
    return 0;
}

static int spec_check(const struct image_spec *s, struct err *e)
{
    struct semver version;
    if (!s->language || !recipe_name_valid(s->language)) {
        return err_set(e, ERR_INVALID, "\"language\" must be a name of small letters and digits");
    }
    if (!s->version || !semver_parse(s->version, &version)) {
        return err_set(e, ERR_INVALID, "\"version\" must be a full one: \"1.2.0\"");
    }
    if (!s->package || s->package[0] == '\0' || s->package[0] == '-') {
        return err_set(e, ERR_INVALID,
                       "\"pkg\" must name an image: an installed one, a file, or a registry's");
    }
    return 0;
}

int image_spec_parse(const char *text, size_t len, struct image_spec *ret, struct err *e)
{
    AUTO(oci_json_freep) json_t *json = NULL;
    AUTO(image_spec_done) struct image_spec spec = {0};
    int r = oci_json_parse("the spec", text, len, &json, e);
    if (r == 0 && !json_is_object(json)) {
        r = err_set(e, ERR_INVALID, "it is no JSON object");
    }
    r = r < 0 ? r : keys_check(json, e);
    if (r < 0) {
        return r;
    }
    spec.language = xstrdup(oci_json_text(json, "language"));
    spec.version = xstrdup(oci_json_text(json, "version"));
    spec.package = xstrdup(oci_json_text(json, "pkg"));
    spec.aliases = oci_json_words(json, "aliases");
    spec.versioned = json_is_true(json_object_get(json, "versioned"));
    r = spec_check(&spec, e);
    if (r == 0) {
        *ret = TAKE(&spec, (struct image_spec){0});
    }
    return r;
}
