/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/piston.h"
#include "config/suggest.h"

enum kind { KIND_BOOL, KIND_TEXT, KIND_NUMBER, KIND_LIST };

struct piston_flag {
    const char *names[3]; /* without dashes; one letter takes one dash */
    size_t offset;        /* in struct piston_args */
    enum kind kind;
    bool everywhere;
};

#define FIELD(name) offsetof(struct piston_args, name)

static const struct piston_flag flags[] = {
    {{"piston-url", "u"}, FIELD(remote.url), KIND_TEXT, true},
    {{"help"}, FIELD(help), KIND_BOOL, true},
    {{"version"}, FIELD(version), KIND_BOOL, true},
    {{"language_version", "l"}, FIELD(language_version), KIND_TEXT, false},
    {{"stdin", "i"}, FIELD(read_stdin), KIND_BOOL, false},
    {{"run_timeout", "r", "rt"}, FIELD(run_timeout), KIND_NUMBER, false},
    {{"compile_timeout", "c", "ct"}, FIELD(compile_timeout), KIND_NUMBER, false},
    {{"files", "f"}, FIELD(files), KIND_LIST, false},
    {{"interactive", "t"}, FIELD(interactive), KIND_BOOL, false},
    {{"status", "s"}, FIELD(status), KIND_BOOL, false},
};

void piston_args_done(struct piston_args *args)
{
    free(args->words);
    free(args->files);
    remote_done(&args->remote);
    *args = (struct piston_args){0};
}

static void vector_add(char ***vector, size_t *count, char *word)
{
    *vector = xreallocarray(*vector, *count + 2, sizeof(**vector));
    (*vector)[(*count)++] = word;
    (*vector)[*count] = NULL;
}

/* Not the number of a timeout or an argument: "-5", "-0.5". */
static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] && !isdigit((unsigned char)word[1]) &&
           !(word[1] == '.' && isdigit((unsigned char)word[2]));
}

static const struct piston_flag *flag_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        for (size_t n = 0; n < ARRAY_LEN(flags[i].names) && flags[i].names[n]; n++) {
            const char *known = flags[i].names[n];
            if (strlen(known) == len && memcmp(known, name, len) == 0) {
                return &flags[i];
            }
        }
    }
    return NULL;
}

static int flag_unknown(const char *word, size_t len, struct err *e)
{
    AUTO(mem_freep) char *typed = xstrndup(word, len);
    const char *name = typed + strspn(typed, "-");
    struct suggest suggest = {.typed = name};
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        suggest_offer(&suggest, flags[i].names[0]);
    }
    if (suggest.best && name[0] && name[1]) {
        return err_set(e, ERR_INVALID, "Unknown argument: %s; did you mean --%s?", typed,
                       suggest.best);
    }
    return err_set(e, ERR_INVALID,
                   "Unknown argument: %s (arguments of the program stand behind --)", typed);
}

static int number_set(int64_t *field, const char *name, const char *text, struct err *e)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || isspace((unsigned char)*text)) {
        return err_set(e, ERR_INVALID, "--%s is '%.40s'; give a number of milliseconds", name,
                       text);
    }
    *field = number;
    return 0;
}

static int value_set(struct piston_args *args, const struct piston_flag *flag, char *value,
                     struct err *e)
{
    void *field = (char *)args + flag->offset;
    if (!flag->everywhere) {
        args->execute_flag = flag->names[0];
    }
    switch (flag->kind) {
    case KIND_BOOL:
        *(bool *)field = strcmp(value, "false") != 0;
        return 0;
    case KIND_TEXT:
        *(const char **)field = value;
        return 0;
    case KIND_NUMBER:
        return number_set(field, flag->names[0], value, e);
    case KIND_LIST:
        vector_add(&args->files, &args->file_count, value);
        return 0;
    }
    return 0;
}

static char yes[] = "true", no[] = "false";

/* `inside`: the value within the flag's own word, or NULL; *at is the word behind the flag. */
static int flag_read(struct piston_args *args, const struct piston_flag *flag, char *inside,
                     char *const **at, struct err *e)
{
    if (flag->kind == KIND_BOOL) {
        return value_set(args, flag, inside ? inside : yes, e);
    }
    if (!inside && !(**at && (!is_flag(**at) || flag->kind == KIND_TEXT))) {
        return err_set(e, ERR_INVALID, "Not enough arguments following: %s", flag->names[0]);
    }
    int r = value_set(args, flag, inside ? inside : *(*at)++, e);
    while (r == 0 && flag->kind == KIND_LIST && **at && !is_flag(**at)) {
        r = value_set(args, flag, *(*at)++, e);
    }
    return r;
}

static int long_read(struct piston_args *args, char *word, char *const **at, struct err *e)
{
    size_t len = strcspn(word, "=");
    const struct piston_flag *flag = flag_find(word + 2, len - 2);
    if (flag && len > 3) {
        return flag_read(args, flag, word[len] ? word + len + 1 : NULL, at, e);
    }
    const struct piston_flag *negated =
        strncmp(word, "--no-", 5) == 0 ? flag_find(word + 5, len - 5) : NULL;
    if (negated && negated->kind == KIND_BOOL && !word[len]) {
        return value_set(args, negated, no, e);
    }
    return flag_unknown(word, len, e);
}

/* "-is", "-l3.x", "-l=3.x" */
static int letters_read(struct piston_args *args, char *word, char *const **at, struct err *e)
{
    for (char *letter = word + 1; *letter; letter++) {
        const struct piston_flag *flag = flag_find(letter, 1);
        if (!flag) {
            return flag_unknown(word, strlen(word), e);
        }
        bool rest = flag->kind != KIND_BOOL || letter[1] == '=';
        char *inside = letter[1] == '=' ? letter + 2 : rest && letter[1] ? letter + 1 : NULL;
        int r = flag_read(args, flag, inside, at, e);
        if (r < 0 || rest) {
            return r;
        }
    }
    return 0;
}

int piston_args_read(char *const *words, struct piston_args *ret, struct err *e)
{
    AUTO(piston_args_done)
    struct piston_args args = {
        .language_version = "*",
        .run_timeout = 3000,
        .compile_timeout = 10000,
    };
    bool flags_end = false;
    while (*words) {
        char *word = *words++;
        int r = 0;
        if (!flags_end && strcmp(word, "--") == 0) {
            flags_end = true;
        } else if (flags_end || !is_flag(word)) {
            vector_add(&args.words, &args.word_count, word);
        } else {
            r = word[1] == '-' ? long_read(&args, word, &words, e)
                               : letters_read(&args, word, &words, e);
        }
        if (r < 0) {
            return r;
        }
    }
    int r = remote_environment(&args.remote, e);
    if (r < 0) {
        return r;
    }
    args.remote.url = args.remote.url ? args.remote.url : "http://127.0.0.1:2000";
    args.remote.key_alone = true;
    *ret = TAKE(&args, (struct piston_args){0});
    return 0;
}
