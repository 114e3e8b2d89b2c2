/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server asks of its parent: what is taken is a command of the table with words that are no
 * path and no option but those of the table, and images come from listed registries alone.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/steward_rules.h"
#include "fuzz.h"

static const char *const flags[] = {
    "--with=",  "--again",    "--security",   "--as=",      "--ref=", "--language=",
    "--alias=", "--version=", "--extension=", "--compile=", "--run=",
};

/* What stands behind a flag, or the word itself; a command's text may be any. */
static void word_check(const char *word)
{
    bool flagged = false;
    if (word[0] == '-' && word[1] != '\0') {
        for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
            flagged = flagged || str_starts(word, flags[i]);
        }
        REQUIRE(flagged);
    }
    REQUIRE(word[strcspn(word, "\n\r\t\x1b\x7f")] == '\0');
    if (!str_starts(word, "--run=") && !str_starts(word, "--compile=")) {
        const char *value = flagged && strchr(word, '=') ? strchr(word, '=') + 1 : word;
        REQUIRE(value[0] != '/' && !strstr(value, "..") &&
                (flagged || strcmp(value, "-") == 0 || value[0] != '-'));
        REQUIRE(!strstr(value, "://"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char docker[] = "docker.io", local[] = "registry.test:5000";
    static char *const registries[] = {docker, local, NULL};
    AUTO(steward_order_done) struct steward_order order = {0};
    struct err e = {0};
    AUTO(mem_freep) char *packet = xmemdup(data, size);
    if (steward_order_read(packet, size, registries, &order, &e) < 0) {
        REQUIRE(e.text[0] != '\0' && !order.command && !order.words);
        return 0;
    }
    REQUIRE(order.op > 0 && order.op < STEWARD_OPS_END);
    REQUIRE(!order.command || strcmp(order.command[0], "pkg") == 0 ||
            strcmp(order.command[0], "image") == 0);
    for (char **word = order.words; word && *word; word++) {
        word_check(*word);
    }
    return 0;
}
