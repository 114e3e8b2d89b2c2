/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as belljar.toml: what is refused has a sentence; what is taken can be printed, and what was
 * printed, read again, says the same.
 */
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "config/config.h"
#include "fuzz.h"

static struct config *load(const void *text, size_t len)
{
    AUTO(fd_closep) int fd = -1;
    AUTO(mem_freep) char *flag = NULL;
    AUTO(mem_freep) char **rest = NULL;
    char *const environment[] = {(char[]){"BELLJAR_JUDGE0_CONF=none"}, NULL};
    struct config *config = NULL;
    struct err e = {0};
    REQUIRE(fd_memfd("belljar.toml", text, len, false, &fd, &e) == 0);
    flag = xasprintf("--config=/proc/self/fd/%d", fd);
    char *const words[] = {flag, NULL};
    if (config_load(words, environment, &config, &rest, &e) < 0) {
        REQUIRE(e.text[0] != '\0' && config == NULL);
    }
    return config;
}

/* "key = value": without the comments, which name the source. */
static char *values_of(const struct config *config)
{
    AUTO(buf_done) struct buf all = {0};
    struct buf values = {0};
    config_print(config, &all);
    buf_add_str(&values, "");
    for (char *line = all.data, *next; line != NULL && *line != '\0'; line = next) {
        char *end = strchrnul(line, '\n');
        next = *end == '\0' ? end : end + 1;
        char *comment = memmem(line, (size_t)(end - line), "  # ", 4);
        buf_add(&values, line, (size_t)((comment != NULL ? comment : end) - line));
        buf_add_char(&values, '\n');
    }
    return buf_take(&values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(config_freep) struct config *config = load(data, size);
    if (config == NULL) {
        return 0;
    }
    AUTO(buf_done) struct buf printed = {0};
    config_print(config, &printed);
    AUTO(config_freep) struct config *again = load(printed.data, printed.len);
    REQUIRE(again != NULL);
    AUTO(mem_freep) char *first = values_of(config);
    AUTO(mem_freep) char *second = values_of(again);
    REQUIRE(strcmp(first, second) == 0);
    return 0;
}
