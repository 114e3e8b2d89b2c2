/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A version in the first line, a range in the second: versions keep their text, are equal to
 * themselves, and satisfy only what is a range.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "fuzz.h"
#include "model/semver.h"
#include "model/version_text.h"

#define TEXT_MAX 160

static void check_text(const struct semver *v)
{
    struct semver again;
    char text[TEXT_MAX], exact[TEXT_MAX + 1];
    semver_format(v, text, sizeof(text));
    REQUIRE(semver_parse(text, &again) && semver_compare(v, &again) == 0);
    REQUIRE(strcmp(v->prerelease, again.prerelease) == 0);
    snprintf(exact, sizeof(exact), "=%s", text);
    REQUIRE(semver_satisfies(v, text) && semver_satisfies(v, exact));
}

static void check_order(const struct semver *a, const struct semver *b)
{
    REQUIRE(semver_compare(a, b) == -semver_compare(b, a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(mem_freep) char *text = xmemdup(data, size);
    char *range = strchr(text, '\n');
    struct semver v, found;
    static const struct semver some = {3, 11, 2, "rc.1"};
    if (range != NULL) {
        *range++ = '\0';
    }
    if (semver_coerce(text, &found)) {
        check_text(&found);
    }
    if (version_text_find(text, NULL, &found) || version_text_find(text, range, &found)) {
        check_text(&found);
    }
    if (semver_parse(text, &v)) {
        check_text(&v);
        check_order(&v, &some);
        REQUIRE(range == NULL || !semver_satisfies(&v, range) || semver_range_valid(range));
    }
    if (range != NULL && semver_satisfies(&some, range)) {
        REQUIRE(semver_range_valid(range));
    }
    return 0;
}
