/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interpreter.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"

#define FIRST_LINE_MAX 256 /* the kernel reads no more of it */

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *interpreter_of(const char *text, size_t len)
{
    if (len < 3 || memcmp(text, "#!", 2) != 0) {
        return NULL;
    }
    size_t max = len < FIRST_LINE_MAX ? len : FIRST_LINE_MAX;
    const char *end = memchr(text, '\n', max);
    AUTO(mem_freep) char *line = xstrndup(text + 2, end ? (size_t)(end - text) - 2 : max - 2);
    line[strcspn(line, "\r")] = '\0';
    AUTO(strv_freep) char **words = strv_split(line, " \t");
    char *const *word = words;
    if (word && *word && strcmp(last_name(*word), "env") == 0) {
        for (word++; *word && ((*word)[0] == '-' || strchr(*word, '=')); word++) {
        }
    }
    return word && *word && *last_name(*word) != '\0' ? xstrdup(last_name(*word)) : NULL;
}
