/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lolcode - LOLCODE 1.2, with 1.3's bukkits and libraries STRING and STDLIB, written as lci takes
 * it: functions are HOW IZ I ... IF U SAY SO and are called by I IZ ... MKAY.
 */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"
#include "languages/map.h"

struct token {
    enum { WORD, STRING, NUMBER, SLOT, BANG, QUESTION, LINE_END, FILE_END } kind;
    const char *start; /* a STRING's is behind its quote */
    size_t len, line;
};

enum type { NOOB, TROOF, NUMBR, NUMBAR, YARN, BUKKIT, FUNCTION };
static const char *const type_names[] = {"NOOB", "TROOF",  "NUMBR",   "NUMBAR",
                                         "YARN", "BUKKIT", "FUNCTION"};

struct value {
    enum type type;
    union {
        bool truth;
        int64_t integer;
        double real;
        struct yarn *yarn;
        struct scope *bukkit;
        const struct node *function;
    };
};

struct yarn {
    size_t refs, len;
    char data[];
};

/* Variables of a block, or slots of a bukkit. */
struct scope {
    size_t refs;
    struct scope *outer; /* where a name is looked for next */
    struct value *it;    /* of the function */
    struct binding {
        size_t name;
        struct value value;
    } * bindings;
    size_t len, cap;
};

enum node_kind {
    /* expressions; kids are operands */
    LITERAL,
    TARGET, /* kids: what each slot is of; name: or kids[0], see target_parse */
    INDIRECT,
    BINARY,
    NEGATE,
    ALL,
    ANY,
    SMOOSH,
    CAST,
    CALL,
    /* statements */
    BLOCK,
    DECLARE,
    ASSIGN,
    RECAST,
    VISIBLE,
    GIMMEH,
    BRANCH,
    SWITCH,
    LOOP,
    GTFO,
    FOUND,
    DEFINE,
    OBJECT,
    LIBRARY,
    EVALUATE
};

struct node {
    enum node_kind kind;
    char op;
    size_t line, name;
    enum type type;
    struct value value;
    struct node **kids;
    size_t len, cap;
};

struct lolcode {
    const struct source *source;
    struct token *tokens;
    size_t count, cap, at;
    struct names names;
    size_t it, me, self; /* names: IT, ME, I */
    uint64_t random;
    const char *floor;
    struct scope *global;
    struct value returned;
    size_t line;
};

static _Noreturn void fail_line(size_t line, const char *what)
{
    fail("line %zu: %s", line, what);
}

/* --- tokens --- */

static struct token *token_add(struct lolcode *l, int kind, const char *start, size_t len)
{
    l->tokens = grown(l->tokens, &l->cap, l->count + 1, sizeof(*l->tokens));
    struct token *t = &l->tokens[l->count++];
    *t = (struct token){.start = start, .len = len, .line = l->line};
    t->kind = kind;
    return t;
}

static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

/* The end of a line: "\n", "\r" or "\r\n"; 0: it is none. */
static size_t newline_length(const char *s)
{
    return s[0] == '\r' ? (s[1] == '\n' ? 2 : 1) : s[0] == '\n';
}

static const char *line_skip(const char *s)
{
    return s + strcspn(s, "\r\n");
}

static bool is_word(const char *s, const char *word)
{
    size_t len = strlen(word);
    return strncmp(s, word, len) == 0 && !isalnum((unsigned char)s[len]) && s[len] != '_';
}

static const char *comment_skip(struct lolcode *l, const char *s)
{
    size_t line = l->line;
    const char *end = strstr(s, "TLDR");
    if (!end) {
        fail_line(line, "OBTW without TLDR");
    }
    for (; s < end; s++) {
        l->line += *s == '\n';
    }
    return s + 4;
}

/* Behind "..." at the end of a line: goes on at the next one, which must not be empty. */
static const char *line_join(struct lolcode *l, const char *s)
{
    while (is_gap(*s)) {
        s++;
    }
    size_t newline = newline_length(s);
    if (newline == 0) {
        fail_line(l->line, "\"...\" is for the end of a line");
    }
    s += newline;
    l->line++;
    const char *rest = s;
    while (is_gap(*rest)) {
        rest++;
    }
    if (!*rest || newline_length(rest)) {
        fail_line(l->line, "the line that \"...\" joins is empty");
    }
    return s;
}

static const char *string_scan(struct lolcode *l, const char *s)
{
    const char *start = ++s;
    while (*s && *s != '"' && !newline_length(s)) {
        s += *s == ':' && s[1] && !newline_length(s + 1) ? 2 : 1;
    }
    if (*s != '"') {
        fail_line(l->line, "a string does not end");
    }
    token_add(l, STRING, start, (size_t)(s - start));
    return s + 1;
}

static const char *word_scan(struct lolcode *l, const char *s)
{
    const char *start = s;
    bool is_number = isdigit((unsigned char)*s) || (*s == '-' && isdigit((unsigned char)s[1]));
    s += *s == '-';
    while (isalnum((unsigned char)*s) || *s == '_' || (is_number && *s == '.' && s[1] != '.')) {
        s++;
    }
    if (s == start) {
        fail("line %zu: '%c' is no part of any word", l->line, *s);
    }
    token_add(l, is_number ? NUMBER : WORD, start, (size_t)(s - start));
    return s;
}

static const char *token_scan(struct lolcode *l, const char *s)
{
    if (*s == '"') {
        return string_scan(l, s);
    }
    if (*s == ',') {
        token_add(l, LINE_END, s, 1);
        return s + 1;
    }
    if (*s == '!' || *s == '?') {
        token_add(l, *s == '!' ? BANG : QUESTION, s, 1);
        return s + 1;
    }
    if (strncmp(s, "'Z", 2) == 0) {
        token_add(l, SLOT, s, 2);
        return s + 2;
    }
    if (strncmp(s, "...", 3) == 0 || strncmp(s, "\xe2\x80\xa6", 3) == 0) {
        return line_join(l, s + 3);
    }
    if (is_word(s, "BTW")) {
        return line_skip(s);
    }
    if (is_word(s, "OBTW")) {
        return comment_skip(l, s);
    }
    return word_scan(l, s);
}

static void program_tokenize(struct lolcode *l)
{
    const char *s = l->source->text;
    l->line = 1;
    s += strncmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    s = strncmp(s, "#!", 2) == 0 ? line_skip(s) : s;
    while (*s) {
        size_t newline = newline_length(s);
        if (newline) {
            token_add(l, LINE_END, s, newline);
            l->line++;
            s += newline;
        } else if (is_gap(*s)) {
            s++;
        } else {
            s = token_scan(l, s);
        }
    }
    token_add(l, LINE_END, s, 0);
    token_add(l, FILE_END, s, 0);
}

/* --- values --- */

static struct value value_copy(struct value v)
{
    if (v.type == YARN) {
        v.yarn->refs++;
    } else if (v.type == BUKKIT) {
        v.bukkit->refs++;
    }
    return v;
}

static void scope_unref(struct scope *s);

static void value_done(struct value v)
{
    if (v.type == YARN && --v.yarn->refs == 0) {
        free(v.yarn);
    } else if (v.type == BUKKIT) {
        scope_unref(v.bukkit);
    }
}

static struct scope *scope_new(struct scope *outer, struct value *it)
{
    struct scope *s = allocate(1, sizeof(*s));
    s->refs = 1;
    s->outer = outer;
    s->it = it;
    if (outer) {
        outer->refs++;
    }
    return s;
}

/* Those without more users, in turn, for a chain may be as long as memory goes. */
static void scope_unref(struct scope *s)
{
    while (s && --s->refs == 0) {
        struct scope *outer = s->outer;
        for (size_t i = 0; i < s->len; i++) {
            struct value v = s->bindings[i].value;
            if (v.type == BUKKIT && v.bukkit->refs == 1 && !v.bukkit->outer) {
                v.bukkit->outer = outer; /* its turn comes next */
                outer = v.bukkit;
            } else {
                value_done(v);
            }
        }
        free(s->bindings);
        free(s);
        s = outer;
    }
}

static struct value troof(bool truth)
{
    return (struct value){.type = TROOF, .truth = truth};
}

static struct value numbr(int64_t n)
{
    return (struct value){.type = NUMBR, .integer = n};
}

static struct value numbar(double n)
{
    return (struct value){.type = NUMBAR, .real = n};
}

static struct value yarn(const char *data, size_t len)
{
    struct yarn *y = allocate(1, sizeof(*y) + len + 1);
    y->refs = 1;
    y->len = len;
    if (len > 0) {
        memcpy(y->data, data, len);
    }
    return (struct value){.type = YARN, .yarn = y};
}

static struct value text_yarn(struct text *t)
{
    struct value v = yarn(t->data, t->len);
    text_done(t);
    return v;
}

static struct value *binding_in(struct scope *s, size_t name)
{
    for (size_t i = 0; i < s->len; i++) {
        if (s->bindings[i].name == name) {
            return &s->bindings[i].value;
        }
    }
    return NULL;
}

/* Valid until the scope gets another one. */
static struct value *binding_make(struct scope *s, size_t name)
{
    s->bindings = grown(s->bindings, &s->cap, s->len + 1, sizeof(*s->bindings));
    s->bindings[s->len] = (struct binding){.name = name};
    return &s->bindings[s->len++].value;
}

static struct value *binding_find(struct scope *s, size_t name)
{
    struct value *found = NULL;
    for (; s && !found; s = s->outer) {
        found = binding_in(s, name);
    }
    return found;
}

static bool is_true(struct value v)
{
    switch (v.type) {
    case NOOB:
        return false;
    case TROOF:
        return v.truth;
    case NUMBR:
        return v.integer != 0;
    case NUMBAR:
        return v.real != 0;
    case YARN:
        return v.yarn->len > 0;
    case BUKKIT:
    case FUNCTION:
        break;
    }
    return true;
}

/* Two digits behind the point, the rest cut off. */
static void numbar_show(double n, struct text *to)
{
    char digits[400];
    int len = snprintf(digits, sizeof(digits), "%f", n);
    const char *point = memchr(digits, '.', (size_t)len);
    text_add(to, digits, point ? (size_t)(point - digits) + 3 : (size_t)len);
}

static void show(const struct lolcode *l, struct value v, struct text *to)
{
    char digits[24];
    switch (v.type) {
    case TROOF:
        text_add_str(to, v.truth ? "WIN" : "FAIL");
        break;
    case NUMBR:
        snprintf(digits, sizeof(digits), "%" PRId64, v.integer);
        text_add_str(to, digits);
        break;
    case NUMBAR:
        numbar_show(v.real, to);
        break;
    case YARN:
        text_add(to, v.yarn->data, v.yarn->len);
        break;
    case NOOB:
    case BUKKIT:
    case FUNCTION:
        fail("line %zu: a %s is no YARN", l->line, type_names[v.type]);
    }
}

/* What a YARN says; false: it is no number. */
static bool number_parse(const char *s, struct value *ret)
{
    char *end;
    if (!isdigit((unsigned char)s[0]) && s[0] != '-' && s[0] != '.') {
        return false;
    }
    bool is_real = strchr(s, '.') != NULL;
    struct value v = is_real ? numbar(strtod(s, &end)) : numbr(strtoll(s, &end, 10));
    if (end == s || s[strspn(s, "-.0123456789")] != '\0') {
        return false;
    }
    *ret = v;
    return true;
}

static struct value to_number(const struct lolcode *l, struct value v)
{
    if (v.type == TROOF) {
        return numbr(v.truth);
    }
    if (v.type == NUMBR || v.type == NUMBAR) {
        return v;
    }
    struct value n;
    if (v.type != YARN || !number_parse(v.yarn->data, &n)) {
        fail("line %zu: this %s is no number", l->line, type_names[v.type]);
    }
    return n;
}

static int64_t real_integer(double d)
{
    return d >= 9.2233720368547748e18 ? INT64_MAX : d > -9.3e18 ? (int64_t)d : INT64_MIN;
}

/* MAEK: NOOB becomes what is nothing of each type. */
static struct value cast(const struct lolcode *l, struct value v, enum type type)
{
    struct text t = {0};
    if (type == TROOF) {
        return troof(is_true(v));
    }
    if (type == NOOB) {
        return (struct value){.type = NOOB};
    }
    if (type == YARN) {
        if (v.type != NOOB) {
            show(l, v, &t);
        }
        return text_yarn(&t);
    }
    if (v.type == YARN) { /* what stands at its head, in any notation of C; 0 for nothing */
        return type == NUMBR ? numbr(strtoll(v.yarn->data, NULL, 0))
                             : numbar(strtod(v.yarn->data, NULL));
    }
    struct value n = v.type == NOOB ? numbr(0) : to_number(l, v);
    if (type == NUMBR) {
        return n.type == NUMBR ? n : numbr(real_integer(n.real));
    }
    return n.type == NUMBAR ? n : numbar((double)n.integer);
}

/* --- parsing --- */

static struct node *expression(struct lolcode *l);
static struct node *statement(struct lolcode *l);

static struct token *peek(struct lolcode *l)
{
    return &l->tokens[l->at];
}

static _Noreturn void fail_token(struct lolcode *l, const char *wanted)
{
    const struct token *t = peek(l);
    if (t->kind == LINE_END || t->kind == FILE_END) {
        fail("line %zu: %s is missing", t->line, wanted);
    }
    fail("line %zu: %s is expected where '%.*s' is", t->line, wanted, (int)t->len, t->start);
}

/* Whether all of `words` are next. */
static bool is_next(struct lolcode *l, const char *words)
{
    for (const struct token *t = peek(l);; t++) {
        size_t len = strcspn(words, " ");
        if ((t->kind != WORD && t->kind != QUESTION) || t->len != len ||
            memcmp(t->start, words, len) != 0) {
            return false;
        }
        if (!words[len]) {
            return true;
        }
        words += len + 1;
    }
}

static bool accept(struct lolcode *l, const char *words)
{
    if (!is_next(l, words)) {
        return false;
    }
    for (l->at++; (words = strchr(words, ' ')); words++) {
        l->at++;
    }
    return true;
}

static void expect(struct lolcode *l, const char *words)
{
    if (!accept(l, words)) {
        fail_token(l, words);
    }
}

static void expect_line_end(struct lolcode *l)
{
    if (peek(l)->kind != LINE_END) {
        fail_token(l, "the end of the line");
    }
}

static void lines_skip(struct lolcode *l)
{
    while (peek(l)->kind == LINE_END) {
        l->at++;
    }
}

static struct node *node_new(struct lolcode *l, enum node_kind kind, char op)
{
    struct node *n = allocate(1, sizeof(*n));
    n->kind = kind;
    n->op = op;
    n->line = peek(l)->line;
    return n;
}

static void node_add(struct node *n, struct node *kid)
{
    n->kids = grown(n->kids, &n->cap, n->len + 1, sizeof(struct node *));
    n->kids[n->len++] = kid;
}

static void recursion_check(const struct lolcode *l, size_t line)
{
    if (stack_is_low(l->floor)) {
        fail_line(line, "nested too deep");
    }
}

/* Words that begin something else than a name. */
static bool is_reserved(const struct token *t)
{
    static const char words[] = " AN YR MKAY OIC KTHX KTHXBYE GTFO MEBBE OMG OMGWTF NO HAI ITZ R "
                                "HAS IZ IS TIL WILE ";
    char spaced[16];
    int len =
        snprintf(spaced, sizeof(spaced), " %.*s ", (int)(t->len < 12 ? t->len : 12), t->start);
    return len < (int)sizeof(spaced) && strstr(words, spaced);
}

/* A name, or SRS and what it is: INDIRECT. */
static struct node *name_parse(struct lolcode *l)
{
    recursion_check(l, peek(l)->line);
    struct node *n = node_new(l, TARGET, 0);
    if (accept(l, "SRS")) {
        n->kind = INDIRECT;
        node_add(n, expression(l));
        return n;
    }
    const struct token *t = peek(l);
    if ((t->kind != WORD && t->kind != NUMBER) || is_reserved(t)) {
        fail_token(l, "a name");
    }
    n->name = names_number(&l->names, t->start, t->len);
    l->at++;
    return n;
}

/* A TARGET whose kids are the names of slots in slots; none: a variable. */
static struct node *target_parse(struct lolcode *l)
{
    struct node *n = name_parse(l);
    if (peek(l)->kind != SLOT && n->kind == TARGET) {
        return n;
    }
    struct node *path = node_new(l, TARGET, 's');
    node_add(path, n);
    while (peek(l)->kind == SLOT) {
        l->at++;
        node_add(path, name_parse(l));
    }
    return path;
}

static struct node *literal(struct lolcode *l, struct value v)
{
    struct node *n = node_new(l, LITERAL, 0);
    n->value = v;
    return n;
}

static size_t hex_escape(struct lolcode *l, const char *s, size_t len, struct text *to)
{
    const char *end = memchr(s, ')', len);
    char *stop;
    long code = strtol(s + 1, &stop, 16);
    if (!end || stop != end || stop == s + 1) {
        fail_line(peek(l)->line, "\":(\" needs a number in hexadecimal and \")\"");
    }
    size_t before = to->len;
    text_add_char(to, code);
    if (to->len == before || code >= 0xdc80) {
        char bytes[4];
        if (char_encode(code, bytes) < 3) {
            fail_line(peek(l)->line, "no character has this number");
        }
    }
    return (size_t)(end - s) + 1;
}

/* At a ':' in a string; returns how long it is.  A ":{name}" becomes a kid of n. */
static size_t escape_parse(struct lolcode *l, const char *s, size_t len, struct node *n,
                           struct text *to)
{
    static const char plain[] = ")\n>\to\a\"\"::";
    for (const char *p = plain; len > 1 && *p; p += 2) {
        if (s[1] == *p) {
            text_add_byte(to, p[1]);
            return 2;
        }
    }
    if (len > 1 && s[1] == '(') {
        return 1 + hex_escape(l, s + 1, len - 1, to);
    }
    const char *end = memchr(s, '}', len);
    if (len > 1 && s[1] == '{' && end) {
        node_add(n, literal(l, text_yarn(to)));
        struct node *name = node_new(l, TARGET, 0);
        name->name = names_number(&l->names, s + 2, (size_t)(end - s) - 2);
        node_add(n, name);
        return (size_t)(end - s) + 1;
    }
    fail_line(peek(l)->line, len > 1 && s[1] == '[' ? "characters have no names here: write :(hex)"
                                                    : "no such escape in a string");
}

static struct node *string_parse(struct lolcode *l)
{
    const struct token *t = peek(l);
    struct node *n = node_new(l, SMOOSH, 0);
    struct text text = {0};
    for (size_t i = 0; i < t->len;) {
        if (t->start[i] == ':') {
            i += escape_parse(l, t->start + i, t->len - i, n, &text);
        } else {
            text_add_byte(&text, t->start[i++]);
        }
    }
    node_add(n, literal(l, text_yarn(&text)));
    l->at++;
    if (n->len > 1) {
        return n;
    }
    struct node *only = n->kids[0];
    free(n->kids);
    free(n);
    return only;
}

static struct node *number_literal(struct lolcode *l)
{
    const struct token *t = peek(l);
    char digits[64];
    struct value v;
    snprintf(digits, sizeof(digits), "%.*s", (int)(t->len < 63 ? t->len : 63), t->start);
    if (!number_parse(digits, &v)) {
        fail_token(l, "a number");
    }
    struct node *n = literal(l, v);
    l->at++;
    return n;
}

static enum type type_parse(struct lolcode *l)
{
    for (enum type type = NOOB; type <= BUKKIT; type++) {
        if (accept(l, type_names[type])) {
            return type;
        }
    }
    fail_token(l, "a type");
}

static struct node *cast_parse(struct lolcode *l)
{
    struct node *n = node_new(l, CAST, 0);
    node_add(n, expression(l));
    if (!accept(l, "A")) {
        accept(l, "AN");
    }
    n->type = type_parse(l);
    return n;
}

/* Operands until MKAY, which may be left out at the end of a line. */
static struct node *list_parse(struct lolcode *l, enum node_kind kind)
{
    struct node *n = node_new(l, kind, 0);
    do {
        node_add(n, expression(l));
        accept(l, "AN");
    } while (!is_next(l, "MKAY") && peek(l)->kind != LINE_END && peek(l)->kind != BANG);
    accept(l, "MKAY");
    return n;
}

/* Behind "x IZ": the function and its arguments. */
static struct node *call_parse(struct lolcode *l, struct node *object)
{
    struct node *n = node_new(l, CALL, 0);
    node_add(n, object); /* NULL: I */
    node_add(n, target_parse(l));
    if (accept(l, "YR")) {
        do {
            node_add(n, expression(l));
        } while (accept(l, "AN YR"));
    }
    if (!accept(l, "MKAY") && peek(l)->kind != LINE_END) {
        fail_token(l, "MKAY");
    }
    return n;
}

static struct node *binary_accept(struct lolcode *l)
{
    static const struct {
        const char *words;
        char op;
    } operators[] = {{"SUM OF", '+'},      {"DIFF OF", '-'},   {"PRODUKT OF", '*'},
                     {"QUOSHUNT OF", '/'}, {"MOD OF", '%'},    {"BIGGR OF", '>'},
                     {"SMALLR OF", '<'},   {"BOTH OF", '&'},   {"EITHER OF", '|'},
                     {"WON OF", '^'},      {"BOTH SAEM", '='}, {"DIFFRINT", '!'}};
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (accept(l, operators[i].words)) {
            struct node *n = node_new(l, BINARY, operators[i].op);
            node_add(n, expression(l));
            accept(l, "AN");
            node_add(n, expression(l));
            return n;
        }
    }
    return NULL;
}

static struct node *expression(struct lolcode *l)
{
    recursion_check(l, peek(l)->line);
    if (peek(l)->kind == STRING) {
        return string_parse(l);
    }
    if (peek(l)->kind == NUMBER) {
        return number_literal(l);
    }
    if (is_next(l, "WIN") || is_next(l, "FAIL")) {
        return literal(l, troof(accept(l, "WIN") || !accept(l, "FAIL")));
    }
    if (accept(l, "NOOB")) {
        return literal(l, (struct value){.type = NOOB});
    }
    struct node *n = binary_accept(l);
    if (n) {
        return n;
    }
    if (accept(l, "NOT")) {
        n = node_new(l, NEGATE, 0);
        node_add(n, expression(l));
        return n;
    }
    if (accept(l, "MAEK")) {
        return cast_parse(l);
    }
    if (accept(l, "ALL OF")) {
        return list_parse(l, ALL);
    }
    if (accept(l, "ANY OF")) {
        return list_parse(l, ANY);
    }
    if (accept(l, "SMOOSH")) {
        return list_parse(l, SMOOSH);
    }
    if (accept(l, "I IZ")) {
        return call_parse(l, NULL);
    }
    n = target_parse(l);
    return accept(l, "IZ") ? call_parse(l, n) : n;
}

/* Statements up to one of these words, between '|'; they are not taken. */
static struct node *block_parse(struct lolcode *l, const char *ends)
{
    struct node *n = node_new(l, BLOCK, 0);
    for (;;) {
        lines_skip(l);
        for (const char *end = ends; end; end = strchr(end, '|')) {
            char words[24];
            end += *end == '|';
            snprintf(words, sizeof(words), "%.*s", (int)strcspn(end, "|"), end);
            if (is_next(l, words)) {
                return n;
            }
        }
        if (peek(l)->kind == FILE_END) {
            fail("line %zu: the block that begins at line %zu does not end (%s)", peek(l)->line,
                 n->line, ends);
        }
        node_add(n, statement(l));
        expect_line_end(l);
    }
}

/* Behind "HAS A": kids are the scope (NULL: I), the name, and the value, or parent, or none. */
static struct node *declare_parse(struct lolcode *l, struct node *scope)
{
    struct node *n = node_new(l, DECLARE, 0);
    node_add(n, scope);
    node_add(n, name_parse(l));
    if (accept(l, "ITZ LIEK A") || accept(l, "ITZ A LIEK A")) {
        n->op = 'p';
        node_add(n, target_parse(l));
    } else if (accept(l, "ITZ A") || accept(l, "ITZ AN")) {
        n->op = 't';
        n->type = type_parse(l);
    } else if (accept(l, "ITZ")) {
        n->op = 'v';
        node_add(n, expression(l));
    }
    return n;
}

static struct node *visible_parse(struct lolcode *l)
{
    struct node *n = node_new(l, VISIBLE, 0);
    do {
        node_add(n, expression(l));
        accept(l, "AN");
    } while (peek(l)->kind != LINE_END && peek(l)->kind != BANG);
    if (peek(l)->kind == BANG) {
        l->at++;
        n->op = '!';
    }
    return n;
}

/* Kids: conditions (NULL: what is in IT, or else) and blocks in turn. */
static struct node *branch_parse(struct lolcode *l)
{
    static const char ends[] = "MEBBE|NO WAI|OIC";
    struct node *n = node_new(l, BRANCH, 0);
    if (peek(l)->kind == QUESTION) {
        l->at++;
    }
    lines_skip(l);
    expect(l, "YA RLY");
    node_add(n, NULL);
    node_add(n, block_parse(l, ends));
    while (accept(l, "MEBBE")) {
        node_add(n, expression(l));
        expect_line_end(l);
        node_add(n, block_parse(l, ends));
    }
    if (accept(l, "NO WAI")) {
        node_add(n, block_parse(l, "OIC"));
    }
    expect(l, "OIC");
    return n;
}

static struct node *switch_parse(struct lolcode *l)
{
    static const char ends[] = "OMG|OMGWTF|OIC";
    struct node *n = node_new(l, SWITCH, 0);
    if (peek(l)->kind == QUESTION) {
        l->at++;
    }
    lines_skip(l);
    while (accept(l, "OMG")) {
        struct node *value = expression(l);
        if (value->kind != LITERAL) {
            fail_token(l, "a literal before this");
        }
        node_add(n, value);
        expect_line_end(l);
        node_add(n, block_parse(l, ends));
    }
    if (n->len == 0) {
        fail_token(l, "OMG");
    }
    if (accept(l, "OMGWTF")) {
        node_add(n, block_parse(l, "OIC"));
    }
    expect(l, "OIC");
    return n;
}

/* Kids: body, condition (or NULL), the call that makes the next value (or NULL). */
static struct node *loop_parse(struct lolcode *l)
{
    struct node *n = node_new(l, LOOP, 0), *condition = NULL, *step = NULL;
    size_t label = name_parse(l)->name;
    if (accept(l, "UPPIN YR") || is_next(l, "NERFIN YR")) {
        n->op = accept(l, "NERFIN YR") ? '-' : '+';
        n->name = name_parse(l)->name;
    } else if (accept(l, "I IZ")) {
        n->op = 'f';
        step = call_parse(l, NULL);
        if (step->len != 3 || step->kids[2]->kind != TARGET || step->kids[2]->op) {
            fail_token(l, "a function of one variable before this");
        }
        n->name = step->kids[2]->name;
    }
    if (n->op && (accept(l, "TIL") || is_next(l, "WILE"))) {
        n->type = accept(l, "WILE") ? TROOF : NOOB;
        condition = expression(l);
    }
    expect_line_end(l);
    node_add(n, block_parse(l, "IM OUTTA YR"));
    expect(l, "IM OUTTA YR");
    if (name_parse(l)->name != label) {
        fail_line(peek(l)->line, "IM OUTTA YR names another loop than IM IN YR");
    }
    node_add(n, condition);
    node_add(n, step);
    return n;
}

/* Kids: whose it is (NULL: I), its name, its body, and the arguments. */
static struct node *define_parse(struct lolcode *l)
{
    struct node *n = node_new(l, DEFINE, 0);
    node_add(n, accept(l, "I") ? NULL : target_parse(l));
    node_add(n, name_parse(l));
    node_add(n, NULL);
    if (accept(l, "YR")) {
        do {
            node_add(n, name_parse(l));
        } while (accept(l, "AN YR"));
    }
    expect_line_end(l);
    n->kids[2] = block_parse(l, "IF U SAY SO");
    expect(l, "IF U SAY SO");
    return n;
}

static struct node *object_parse(struct lolcode *l)
{
    struct node *n = node_new(l, OBJECT, 0);
    node_add(n, name_parse(l));
    node_add(n, accept(l, "IM LIEK") ? target_parse(l) : NULL);
    expect_line_end(l);
    node_add(n, block_parse(l, "KTHX"));
    expect(l, "KTHX");
    return n;
}

static struct node *library_parse(struct lolcode *l)
{
    struct node *n = node_new(l, LIBRARY, 0);
    n->name = name_parse(l)->name;
    if (peek(l)->kind == QUESTION) {
        l->at++;
    }
    return n;
}

static struct node *with_one(struct lolcode *l, enum node_kind kind, struct node *kid)
{
    struct node *n = node_new(l, kind, 0);
    node_add(n, kid);
    return n;
}

/* A statement that begins with a name, or an expression. */
static struct node *other_parse(struct lolcode *l)
{
    struct node *first = expression(l);
    if (first->kind != TARGET) {
        return with_one(l, EVALUATE, first);
    }
    if (accept(l, "R")) {
        struct node *n = with_one(l, ASSIGN, first);
        node_add(n, expression(l));
        return n;
    }
    if (accept(l, "IS NOW A") || accept(l, "IS NOW AN")) {
        struct node *n = with_one(l, RECAST, first);
        n->type = type_parse(l);
        return n;
    }
    if (accept(l, "HAS A") || accept(l, "HAS AN")) {
        return declare_parse(l, first);
    }
    return with_one(l, EVALUATE, first);
}

static struct node *statement(struct lolcode *l)
{
    recursion_check(l, peek(l)->line);
    static const struct {
        const char *words;
        struct node *(*parse)(struct lolcode *l);
    } statements[] = {
        {"VISIBLE", visible_parse}, {"O RLY", branch_parse},    {"WTF", switch_parse},
        {"IM IN YR", loop_parse},   {"HOW IZ", define_parse},   {"HOW DUZ", define_parse},
        {"O HAI IM", object_parse}, {"CAN HAS", library_parse},
    };
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (accept(l, statements[i].words)) {
            return statements[i].parse(l);
        }
    }
    if (accept(l, "I HAS A") || accept(l, "I HAS AN")) {
        return declare_parse(l, NULL);
    }
    if (accept(l, "GIMMEH")) {
        return with_one(l, GIMMEH, target_parse(l));
    }
    if (accept(l, "FOUND YR")) {
        return with_one(l, FOUND, expression(l));
    }
    if (accept(l, "GTFO")) {
        return node_new(l, GTFO, 0);
    }
    return other_parse(l);
}

static struct node *program_parse(struct lolcode *l)
{
    lines_skip(l);
    expect(l, "HAI");
    if (peek(l)->kind != NUMBER && peek(l)->kind != WORD) {
        fail_token(l, "a version");
    }
    l->at++;
    expect_line_end(l);
    struct node *program = block_parse(l, "KTHXBYE");
    expect(l, "KTHXBYE");
    return program;
}

/* --- running --- */

static struct value evaluate(struct lolcode *l, struct scope *s, const struct node *n);

static size_t name_of(struct lolcode *l, struct scope *s, const struct node *n)
{
    if (n->kind != INDIRECT) {
        return n->name;
    }
    struct value v = evaluate(l, s, n->kids[0]);
    struct text t = {0};
    show(l, v, &t);
    size_t name = names_number(&l->names, t.data ? t.data : "", t.len);
    text_done(&t);
    value_done(v);
    return name;
}

static _Noreturn void fail_name(struct lolcode *l, size_t name)
{
    fail("line %zu: there is no '%s'", l->line, l->names.names[name].text);
}

static struct value *slot_of(struct lolcode *l, struct scope *bukkit, size_t name)
{
    struct value *found = binding_find(bukkit, name);
    if (found) {
        return found;
    }
    fail_name(l, name);
}

static struct scope *bukkit_of(struct lolcode *l, const struct value *v)
{
    if (v->type != BUKKIT) {
        fail("line %zu: a %s has no slots", l->line, type_names[v->type]);
    }
    return v->bukkit;
}

/* Where a variable or slot is kept.  ret_holder (or NULL): the bukkit that has the last slot. */
static struct value *place_of(struct lolcode *l, struct scope *s, const struct node *n,
                              struct scope **ret_holder)
{
    l->line = n->line;
    const struct node *first = n->op == 's' ? n->kids[0] : n;
    size_t name = name_of(l, s, first);
    struct value *v = name == l->it ? s->it : binding_find(s, name);
    if (!v) {
        fail_name(l, name);
    }
    for (size_t i = 1; n->op == 's' && i < n->len; i++) {
        struct scope *bukkit = bukkit_of(l, v);
        name = name_of(l, s, n->kids[i]);
        v = slot_of(l, bukkit, name);
        if (ret_holder) {
            *ret_holder = bukkit;
        }
    }
    return v;
}

static void place_set(struct value *place, struct value v)
{
    struct value old = *place;
    *place = v;
    value_done(old);
}

/* Takes `v` over.  A slot that is a parent's becomes the child's own. */
static void assign(struct lolcode *l, struct scope *s, const struct node *target, struct value v)
{
    struct scope *holder = NULL;
    struct value *place = place_of(l, s, target, &holder);
    if (holder && target->op == 's' && target->len > 1) {
        size_t name = name_of(l, s, target->kids[target->len - 1]);
        struct value *own = binding_in(holder, name);
        place = own ? own : binding_make(holder, name);
    }
    place_set(place, v);
}

static struct value real_binary(struct lolcode *l, double a, char op, double b)
{
    if ((op == '/' || op == '%') && b == 0) {
        fail_line(l->line, "division by zero");
    }
    return numbar(op == '+'   ? a + b
                  : op == '-' ? a - b
                  : op == '*' ? a * b
                  : op == '/' ? a / b
                  : op == '%' ? fmod(a, b)
                  : op == '>' ? fmax(a, b)
                              : fmin(a, b));
}

static struct value integer_binary(struct lolcode *l, int64_t a, char op, int64_t b)
{
    if ((op == '/' || op == '%') && b == 0) {
        fail_line(l->line, "division by zero");
    }
    if (b == -1 && (op == '/' || op == '%')) {
        return numbr(op == '/' ? (int64_t)(0 - (uint64_t)a) : 0);
    }
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    return numbr(op == '+'   ? (int64_t)(x + y)
                 : op == '-' ? (int64_t)(x - y)
                 : op == '*' ? (int64_t)(x * y)
                 : op == '/' ? a / b
                 : op == '%' ? a % b
                 : op == '>' ? (a > b ? a : b)
                             : (a < b ? a : b));
}

static double real_of(struct value n)
{
    return n.type == NUMBAR ? n.real : (double)n.integer;
}

static bool equal(struct value a, struct value b)
{
    if ((a.type == NUMBR || a.type == NUMBAR) && (b.type == NUMBR || b.type == NUMBAR)) {
        return a.type == NUMBR && b.type == NUMBR ? a.integer == b.integer
                                                  : real_of(a) == real_of(b);
    }
    if (a.type != b.type) {
        return false;
    }
    switch (a.type) {
    case TROOF:
        return a.truth == b.truth;
    case YARN:
        return a.yarn->len == b.yarn->len && memcmp(a.yarn->data, b.yarn->data, a.yarn->len) == 0;
    case BUKKIT:
        return a.bukkit == b.bukkit;
    case FUNCTION:
        return a.function == b.function;
    case NOOB:
    case NUMBR:
    case NUMBAR:
        break;
    }
    return true;
}

static struct value binary_evaluate(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct value a = evaluate(l, s, n->kids[0]), b = evaluate(l, s, n->kids[1]), result;
    l->line = n->line;
    if (strchr("&|^", n->op)) {
        bool x = is_true(a), y = is_true(b);
        result = troof(n->op == '&' ? x && y : n->op == '|' ? x || y : x != y);
    } else if (strchr("=!", n->op)) {
        result = troof(equal(a, b) == (n->op == '='));
    } else {
        struct value x = to_number(l, a), y = to_number(l, b);
        bool integers = x.type == NUMBR && y.type == NUMBR;
        result = integers ? integer_binary(l, x.integer, n->op, y.integer)
                          : real_binary(l, real_of(x), n->op, real_of(y));
    }
    value_done(a);
    value_done(b);
    return result;
}

static struct value logic_evaluate(struct lolcode *l, struct scope *s, const struct node *n)
{
    bool is_all = n->kind == ALL, truth = is_all;
    for (size_t i = 0; truth == is_all && i < n->len; i++) {
        struct value v = evaluate(l, s, n->kids[i]);
        truth = is_true(v);
        value_done(v);
    }
    return troof(truth);
}

static struct value smoosh_evaluate(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct text t = {0};
    for (size_t i = 0; i < n->len; i++) {
        struct value v = evaluate(l, s, n->kids[i]);
        l->line = n->line;
        show(l, v, &t);
        value_done(v);
    }
    return text_yarn(&t);
}

enum flow { ONWARD, LEFT, RETURNED };
static enum flow run(struct lolcode *l, struct scope *s, const struct node *n);

/* --- libraries: bukkits of functions that are ours --- */

static struct value argument(struct lolcode *l, struct value *args, size_t count, size_t i)
{
    if (i >= count) {
        fail_line(l->line, "the function takes more arguments");
    }
    return args[i];
}

static const struct yarn *yarn_argument(struct lolcode *l, struct value *args, size_t count)
{
    struct value v = argument(l, args, count, 0);
    if (v.type != YARN) {
        fail_line(l->line, "the function takes a YARN");
    }
    return v.yarn;
}

static struct value string_len(struct lolcode *l, struct value *args, size_t count)
{
    return numbr((int64_t)yarn_argument(l, args, count)->len);
}

static struct value string_at(struct lolcode *l, struct value *args, size_t count)
{
    const struct yarn *y = yarn_argument(l, args, count);
    int64_t i = cast(l, argument(l, args, count, 1), NUMBR).integer;
    bool is_in = i >= 0 && (uint64_t)i < y->len;
    return yarn(is_in ? y->data + i : "", is_in);
}

static struct value stdlib_blow(struct lolcode *l, struct value *args, size_t count)
{
    l->random = (uint64_t)cast(l, argument(l, args, count, 0), NUMBR).integer;
    return (struct value){.type = NOOB};
}

static struct value stdlib_mix(struct lolcode *l, struct value *args, size_t count)
{
    int64_t below = cast(l, argument(l, args, count, 0), NUMBR).integer;
    return numbr(below > 0 ? (int64_t)(random_next(&l->random) % (uint64_t)below) : 0);
}

static const struct {
    const char *library, *name;
    struct value (*run)(struct lolcode *l, struct value *args, size_t count);
} library_functions[] = {{"STRING", "LEN", string_len},
                         {"STRING", "AT", string_at},
                         {"STDLIB", "BLOW", stdlib_blow},
                         {"STDLIB", "MIX", stdlib_mix},
                         {"STDIO", NULL, NULL}};

/* A library's function is a node whose op is 'l' and whose name is its row. */
static void library_load(struct lolcode *l, struct scope *s, const struct node *n)
{
    const char *library = l->names.names[n->name].text;
    struct value bukkit = {.type = BUKKIT, .bukkit = scope_new(NULL, NULL)};
    bool is_known = false;
    for (size_t i = 0; i < sizeof(library_functions) / sizeof(library_functions[0]); i++) {
        if (strcmp(library_functions[i].library, library) != 0) {
            continue;
        }
        is_known = true;
        const char *name = library_functions[i].name;
        if (name) {
            struct node *f = node_new(l, DEFINE, 'l');
            f->name = i;
            *binding_make(bukkit.bukkit, names_number(&l->names, name, strlen(name))) =
                (struct value){.type = FUNCTION, .function = f};
        }
    }
    if (!is_known) {
        fail("line %zu: there is no library %s", n->line, library);
    }
    struct value *place = binding_in(s, n->name);
    place_set(place ? place : binding_make(s, n->name), bukkit);
}

/* --- calls --- */

/* Takes the arguments over. */
static struct value function_call(struct lolcode *l, struct scope *caller, const struct node *f,
                                  struct scope *me, struct value *args, size_t count)
{
    struct value it = {.type = NOOB};
    if (f->len - 3 != count) {
        fail("line %zu: the function takes %zu arguments, not %zu", l->line, f->len - 3, count);
    }
    struct scope *s = scope_new(me ? me : l->global, &it);
    if (me) {
        me->refs++;
        *binding_make(s, l->me) = (struct value){.type = BUKKIT, .bukkit = me};
    }
    for (size_t i = 0; i < count; i++) {
        *binding_make(s, name_of(l, caller, f->kids[i + 3])) = args[i];
    }
    l->returned = (struct value){.type = NOOB};
    enum flow flow = run(l, s, f->kids[2]);
    struct value result = flow == RETURNED ? l->returned : flow == LEFT ? l->returned : it;
    if (flow != ONWARD) {
        value_done(it);
    }
    l->returned = (struct value){.type = NOOB};
    scope_unref(s);
    return result;
}

static struct value call_evaluate(struct lolcode *l, struct scope *s, const struct node *n)
{
    recursion_check(l, n->line);
    struct scope *me = NULL;
    struct value *place;
    if (n->kids[0]) {
        me = bukkit_of(l, place_of(l, s, n->kids[0], NULL));
        place = slot_of(l, me, name_of(l, s, n->kids[1]));
    } else {
        place = place_of(l, s, n->kids[1], &me);
    }
    /* cppcheck-suppress nullPointerRedundantCheck ; fail_name does not return */
    if (place->type != FUNCTION) {
        fail("line %zu: a %s is no function", n->line, type_names[place->type]);
    }
    const struct node *f = place->function;
    size_t count = n->len - 2;
    struct value *args = allocate(count, sizeof(*args));
    for (size_t i = 0; i < count; i++) {
        args[i] = evaluate(l, s, n->kids[i + 2]);
    }
    l->line = n->line;
    struct value result;
    if (f->op == 'l') {
        result = library_functions[f->name].run(l, args, count);
        for (size_t i = 0; i < count; i++) {
            value_done(args[i]);
        }
    } else {
        result = function_call(l, s, f, me, args, count);
    }
    free(args);
    return result;
}

static struct value cast_evaluate(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct value v = evaluate(l, s, n->kids[0]);
    l->line = n->line;
    struct value result = cast(l, v, n->type);
    value_done(v);
    return result;
}

static struct value evaluate(struct lolcode *l, struct scope *s, const struct node *n)
{
    recursion_check(l, n->line);
    switch ((int)n->kind) {
    case LITERAL:
        return value_copy(n->value);
    case TARGET:
        return value_copy(*place_of(l, s, n, NULL));
    case BINARY:
        return binary_evaluate(l, s, n);
    case NEGATE: {
        struct value v = evaluate(l, s, n->kids[0]);
        bool truth = !is_true(v);
        value_done(v);
        return troof(truth);
    }
    case ALL:
    case ANY:
        return logic_evaluate(l, s, n);
    case SMOOSH:
        return smoosh_evaluate(l, s, n);
    case CAST:
        return cast_evaluate(l, s, n);
    default:
        return call_evaluate(l, s, n);
    }
}

static bool evaluate_true(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct value v = evaluate(l, s, n);
    bool truth = is_true(v);
    value_done(v);
    return truth;
}

/* --- statements --- */

static struct value first_value(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct value v = {.type = n->type};
    if (n->op == 'v') {
        return evaluate(l, s, n->kids[2]);
    }
    if (n->op == 'p') {
        v.type = BUKKIT;
        v.bukkit = scope_new(bukkit_of(l, place_of(l, s, n->kids[2], NULL)), NULL);
    } else if (n->op == 't' && n->type == BUKKIT) {
        v.bukkit = scope_new(NULL, NULL);
    } else if (n->op == 't' && n->type == YARN) {
        return yarn("", 0);
    } else if (n->op != 't') {
        v.type = NOOB;
    }
    return v;
}

static void declare(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct value v = first_value(l, s, n);
    l->line = n->line;
    struct scope *holder = n->kids[0] ? bukkit_of(l, place_of(l, s, n->kids[0], NULL)) : s;
    size_t name = name_of(l, s, n->kids[1]);
    struct value *place = binding_in(holder, name);
    if (place && !n->kids[0]) {
        fail("line %zu: '%s' is there already", n->line, l->names.names[name].text);
    }
    place_set(place ? place : binding_make(holder, name), v);
}

static void define(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct scope *holder = n->kids[0] ? bukkit_of(l, place_of(l, s, n->kids[0], NULL)) : s;
    size_t name = name_of(l, s, n->kids[1]);
    struct value *place = binding_in(holder, name);
    place_set(place ? place : binding_make(holder, name),
              (struct value){.type = FUNCTION, .function = n});
}

static void visible(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct value v = smoosh_evaluate(l, s, n);
    write_text(v.yarn->data, v.yarn->len);
    value_done(v);
    if (n->op != '!') {
        write_str("\n");
    }
}

static void gimmeh(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct text line = {0};
    text_read_line(&line);
    assign(l, s, n->kids[0], text_yarn(&line));
}

static enum flow block_run(struct lolcode *l, struct scope *outer, const struct node *n)
{
    struct scope *s = scope_new(outer, outer->it);
    enum flow flow = run(l, s, n);
    scope_unref(s);
    return flow;
}

static enum flow branch(struct lolcode *l, struct scope *s, const struct node *n)
{
    size_t i = 0;
    for (; i + 1 < n->len; i += 2) {
        if (n->kids[i] ? evaluate_true(l, s, n->kids[i]) : is_true(*s->it)) {
            return block_run(l, s, n->kids[i + 1]);
        }
    }
    return i < n->len ? block_run(l, s, n->kids[i]) : ONWARD;
}

static enum flow switch_run(struct lolcode *l, struct scope *s, const struct node *n)
{
    size_t i = 0;
    while (i + 1 < n->len &&
           (s->it->type != n->kids[i]->value.type || !equal(*s->it, n->kids[i]->value))) {
        i += 2;
    }
    for (; i < n->len; i += 2) { /* until GTFO, into what follows */
        enum flow flow = block_run(l, s, n->kids[i + 1 < n->len ? i + 1 : i]);
        if (flow != ONWARD) {
            return flow == LEFT ? ONWARD : flow;
        }
    }
    return ONWARD;
}

/* The loop's variable is its scope's only one. */
static void loop_step(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct value next;
    if (n->op == 'f') {
        next = evaluate(l, s, n->kids[2]);
    } else {
        struct value now = to_number(l, s->bindings[0].value);
        next = now.type == NUMBR ? integer_binary(l, now.integer, n->op, 1)
                                 : real_binary(l, now.real, n->op, 1);
    }
    place_set(&s->bindings[0].value, next);
}

static enum flow loop(struct lolcode *l, struct scope *outer, const struct node *n)
{
    struct scope *s = scope_new(outer, outer->it);
    enum flow flow = ONWARD;
    if (n->op) {
        *binding_make(s, n->name) = numbr(0);
    }
    while (!n->kids[1] || evaluate_true(l, s, n->kids[1]) == (n->type == TROOF)) {
        flow = block_run(l, s, n->kids[0]);
        if (flow != ONWARD) {
            break;
        }
        if (n->op) {
            loop_step(l, s, n);
        }
    }
    scope_unref(s);
    return flow == LEFT ? ONWARD : flow;
}

/* The statements of O HAI IM run with the new bukkit as I and as their scope. */
static void object(struct lolcode *l, struct scope *s, const struct node *n)
{
    struct scope *parent = NULL;
    if (n->kids[1]) {
        parent = bukkit_of(l, place_of(l, s, n->kids[1], NULL));
    }
    struct scope *bukkit = scope_new(parent, s->it);
    size_t name = name_of(l, s, n->kids[0]);
    struct value *place = binding_in(s, name);
    place_set(place ? place : binding_make(s, name),
              (struct value){.type = BUKKIT, .bukkit = bukkit});
    bukkit->refs++;
    run(l, bukkit, n->kids[2]);
    bukkit->it = NULL;
    scope_unref(bukkit);
}

static enum flow run(struct lolcode *l, struct scope *s, const struct node *n)
{
    recursion_check(l, n->line);
    l->line = n->line;
    enum flow flow = ONWARD;
    switch ((int)n->kind) {
    case BLOCK:
        for (size_t i = 0; flow == ONWARD && i < n->len; i++) {
            flow = run(l, s, n->kids[i]);
        }
        break;
    case DECLARE:
        declare(l, s, n);
        break;
    case ASSIGN:
        assign(l, s, n->kids[0], evaluate(l, s, n->kids[1]));
        break;
    case RECAST:
        assign(l, s, n->kids[0], cast_evaluate(l, s, n));
        break;
    case VISIBLE:
        visible(l, s, n);
        break;
    case GIMMEH:
        gimmeh(l, s, n);
        break;
    case BRANCH:
        return branch(l, s, n);
    case SWITCH:
        return switch_run(l, s, n);
    case LOOP:
        return loop(l, s, n);
    case GTFO:
        return LEFT;
    case FOUND:
        l->returned = evaluate(l, s, n->kids[0]);
        return RETURNED;
    case DEFINE:
        define(l, s, n);
        break;
    case OBJECT:
        object(l, s, n);
        break;
    case LIBRARY:
        library_load(l, s, n);
        break;
    default:
        place_set(s->it, evaluate(l, s, n->kids[0]));
    }
    return flow;
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "lolcode 0.11.2");
    struct lolcode l = {.source = &source, .floor = stack_floor()};
    struct value it = {.type = NOOB};
    l.it = names_number(&l.names, "IT", 2);
    l.me = names_number(&l.names, "ME", 2);
    program_tokenize(&l);
    const struct node *program = program_parse(&l);
    l.global = scope_new(NULL, &it);
    run(&l, l.global, program);
    /* What is left goes with the process. */
    return 0;
}
