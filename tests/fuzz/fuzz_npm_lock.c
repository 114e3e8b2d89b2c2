/* SPDX-License-Identifier: Apache-2.0 */
/* npm's locks: what is taken lies below node_modules, and comes from nowhere but the registry. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "fuzz.h"
#include "packages/npm_lock.h"

/* Nothing in an address ends its path or leads upwards. */
static bool is_plain(const char *text)
{
    return text[strcspn(text, "?#\\ \t\r\n\"'")] == '\0' && !strstr(text, "..") && text[0] != '/';
}

static void package_check(const struct npm_package *p)
{
    struct err e;
    REQUIRE(str_starts(p->path, "node_modules/") && boxarchive_check_path(p->path, &e) == 0);
    REQUIRE(str_ends(p->path, p->name) && p->name[0] != '.' && p->name[0] != '\0');
    REQUIRE(is_plain(p->tarball) && p->tarball[0] != '\0');
    REQUIRE(str_starts(p->digest, "sha512-"));
    REQUIRE(p->version[0] != '\0' && !strchr(p->version, '/'));
    for (char **bin = p->bins; bin && *bin; bin++) {
        REQUIRE(boxarchive_check_path(*bin, &e) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(npm_lock_freep) struct npm_lock *lock = NULL;
    struct err e = {0};
    if (npm_lock_parse((const char *)data, size, "x86_64", &lock, &e) < 0) {
        REQUIRE(!lock && e.text[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < lock->count; i++) {
        package_check(&lock->packages[i]);
        REQUIRE(i == 0 || strcmp(lock->packages[i - 1].path, lock->packages[i].path) < 0);
    }
    return 0;
}
