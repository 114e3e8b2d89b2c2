/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/preparation.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"
#include "runtimes/host_tool.h"

#define KEY_BYTES 8 /* of the hash; the directory is no secret and nobody else's */

/* --- what it is made of -------------------------------------------------------------------- */

/* With their ends, so that no two lists of strings are the same text. */
static void strings_note(struct buf *facts, const char *const *v)
{
    for (; v != NULL && *v != NULL; v++) {
        buf_add(facts, *v, strlen(*v) + 1);
    }
    buf_add_char(facts, '\n');
}

/*
 * Whole seconds and no inode: a container image that was made with its preparations keeps no more
 * of its files.
 */
static void file_note(struct buf *facts, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0) {
        buf_add_fmt(facts, "%s %" PRId64 " %" PRId64 "\n", path, (int64_t)st.st_size,
                    (int64_t)st.st_mtim.tv_sec);
    }
}

static void inputs_note(struct buf *facts, const char *const *patterns)
{
    for (; patterns != NULL && *patterns != NULL; patterns++) {
        glob_t found = {0};
        /* Sorted.  No pattern asks for a user. NOLINTNEXTLINE(concurrency-mt-unsafe) */
        if (glob(*patterns, 0, NULL, &found) == 0) {
            for (size_t i = 0; i < found.gl_pathc; i++) {
                file_note(facts, found.gl_pathv[i]);
            }
        }
        globfree(&found);
    }
}

char *preparation_key(const struct preparation *p, const struct host_tool *tool)
{
    AUTO(buf_done) struct buf facts = {0};
    AUTO(mem_freep) char *base = p->base != NULL ? preparation_key(p->base, tool) : xstrdup("");
    buf_add_fmt(&facts, "1\n%s\n%s\n", p->name, base);
    file_note(&facts, tool->real);
    inputs_note(&facts, p->inputs);
    strings_note(&facts, p->files);
    strings_note(&facts, p->command);
    strings_note(&facts, p->env);

    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)facts.data, facts.len, hash);
    struct buf key = {0};
    buf_add_fmt(&key, "%s-", p->name);
    for (size_t i = 0; i < KEY_BYTES; i++) {
        buf_add_fmt(&key, "%02x", hash[i]);
    }
    return buf_take(&key);
}

bool preparation_is_made(int prepared_fd, const char *key)
{
    return prepared_fd >= 0 && faccessat(prepared_fd, key, F_OK, 0) == 0;
}

/* --- its path in commands ------------------------------------------------------------------ */

static char *path_of(const struct preparation *p, const struct host_tool *tool, int prepared_fd)
{
    if (p == NULL || prepared_fd < 0) {
        return NULL;
    }
    AUTO(mem_freep) char *key = preparation_key(p, tool);
    return preparation_is_made(prepared_fd, key) ? xasprintf(PREPARED_DIR "/%s", key) : NULL;
}

void prepared_paths_init(struct prepared_paths *paths, const struct preparation *p,
                         const struct host_tool *tool, int prepared_fd)
{
    paths->prepared = path_of(p, tool, prepared_fd);
    paths->base = path_of(p != NULL ? p->base : NULL, tool, prepared_fd);
}

bool prepared_paths_complete(const struct prepared_paths *paths, const struct preparation *p)
{
    return p != NULL && paths->prepared != NULL && (p->base == NULL || paths->base != NULL);
}

void prepared_paths_done(struct prepared_paths *paths)
{
    free(paths->prepared);
    free(paths->base);
    *paths = (struct prepared_paths){0};
}

/* False when `word` is in `text` and has no value. */
static bool word_replace(char **text, const char *word, const char *value)
{
    const char *at = strstr(*text, word);
    if (at == NULL) {
        return true;
    }
    if (value == NULL) {
        return false;
    }
    char *more = xasprintf("%.*s%s%s", (int)(at - *text), *text, value, at + strlen(word));
    free(*text);
    *text = more;
    return true;
}

char *prepared_paths_expand(const struct prepared_paths *paths, const char *element)
{
    AUTO(mem_freep) char *text = xstrdup(element);
    if (!word_replace(&text, "{prepared}", paths->prepared) ||
        !word_replace(&text, "{base}", paths->base)) {
        return NULL;
    }
    return TAKE(&text, NULL);
}
