/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rockstar - Rockstar 1.0.
 *
 * A line is a statement, and is parsed on its own: words, and where each stands in the line, for a
 * poetic literal is the text as it was written.  Statements become a tree that is walked.  Arrays
 * are values: who changes one that is shared makes a copy first.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "languages/common.h"
#include "languages/map.h"

/* --- words --- */

/* What a word means; those of one meaning are aliases. */
enum meaning {
    NO_KEYWORD,
    MYSTERIOUS_WORD,
    NULL_WORD,
    EMPTY_WORD,
    TRUE_WORD,
    FALSE_WORD,
    PREFIX,
    PRONOUN,
    IS,
    ISNT,
    NOT,
    AND,
    OR,
    NOR,
    THAN,
    AS,
    HIGHER,
    LOWER,
    HIGH,
    LOW,
    PLUS,
    WITH,
    MINUS,
    TIMES,
    OVER,
    AT,
    INTO,
    TAKING,
    TAKES,
    SAYS,
    PUT,
    LET,
    BE,
    BUILD,
    KNOCK,
    UP,
    DOWN,
    TURN,
    ROUND,
    LISTEN,
    TO,
    SAY,
    IF,
    ELSE,
    WHILE,
    UNTIL,
    BREAK,
    CONTINUE,
    TAKE,
    GIVE,
    BACK,
    CUT,
    JOIN,
    CAST,
    ROCK,
    ROLL,
    LIKE
};

static const struct {
    enum meaning meaning;
    const char *words; /* between spaces */
} keywords[] = {
    {MYSTERIOUS_WORD, " mysterious "},
    {NULL_WORD, " null nothing nowhere nobody gone "},
    {EMPTY_WORD, " empty silent silence "},
    {TRUE_WORD, " true right yes ok "},
    {FALSE_WORD, " false wrong no lies "},
    {PREFIX, " a an the my your our "},
    {PRONOUN, " it he she him her they them ze hir zie zir xe xem ve ver "},
    {IS, " is are was were "},
    {ISNT, " isnt arent aint wasnt werent "},
    {NOT, " not "},
    {AND, " and "},
    {OR, " or "},
    {NOR, " nor "},
    {THAN, " than "},
    {AS, " as "},
    {HIGHER, " higher greater bigger stronger "},
    {LOWER, " lower less smaller weaker "},
    {HIGH, " high great big strong "},
    {LOW, " low little small weak "},
    {PLUS, " plus "},
    {WITH, " with "},
    {MINUS, " minus without "},
    {TIMES, " times of "},
    {OVER, " over between "},
    {AT, " at "},
    {INTO, " into in "},
    {TAKING, " taking "},
    {TAKES, " takes wants "},
    {SAYS, " says said say "},
    {PUT, " put "},
    {LET, " let "},
    {BE, " be "},
    {BUILD, " build "},
    {KNOCK, " knock "},
    {UP, " up "},
    {DOWN, " down "},
    {TURN, " turn "},
    {ROUND, " round around "},
    {LISTEN, " listen "},
    {TO, " to "},
    {SAY, " shout whisper scream print "},
    {IF, " if "},
    {ELSE, " else "},
    {WHILE, " while "},
    {UNTIL, " until "},
    {BREAK, " break "},
    {CONTINUE, " continue "},
    {TAKE, " take "},
    {GIVE, " give return send "},
    {BACK, " back "},
    {CUT, " cut split shatter "},
    {JOIN, " join unite "},
    {CAST, " cast burn "},
    {ROCK, " rock push "},
    {ROLL, " roll pop "},
    {LIKE, " like "},
};

struct token {
    enum { WORD, TEXT, NUMBER, COMMA, LIST_AND, OPERATOR, LINE_END } kind;
    enum meaning meaning;
    char *word;   /* WORD: lower case, no apostrophes; TEXT: what was quoted */
    size_t len;   /* of word */
    bool capital; /* WORD: its first letter */
    char op;      /* OPERATOR */
    double number;
    size_t start, end; /* in the line */
};

/* --- values --- */

enum type { MYSTERIOUS, NIL, BOOLEAN, NUMERIC, STRING, ARRAY, FUNCTION };

struct value {
    enum type type;
    union {
        bool boolean;
        double number;
        struct string *string;
        struct array *array;
        struct function *function;
    };
};

struct string {
    size_t refs, len;
    char data[];
};

struct array {
    size_t refs;
    struct value *items;
    size_t len, cap;
    struct pair { /* keys that are no index */
        struct value key, value;
    } * pairs;
    size_t pair_count, pair_cap;
    struct array *next; /* while it is freed */
};

/* Variables of a function that runs; or the global ones. */
struct scope {
    size_t refs;
    struct scope *outer;
    struct binding {
        size_t name;
        struct value value;
    } * bindings;
    size_t len, cap;
};

struct function {
    size_t refs;
    const struct node *definition;
    struct scope *scope;
};

/* --- the tree --- */

enum node_kind {
    /* expressions */
    LITERAL,
    VARIABLE,
    INDEX,
    BINARY,
    NEGATE,
    CALL,
    POP,
    /* statements */
    BLOCK,
    ASSIGN,
    PRINT,
    READ,
    CREMENT,
    TURN_TO,
    BRANCH,
    LOOP,
    LEAVE,
    AGAIN,
    RETURN,
    DEFINE,
    CHANGE,
    PUSH,
    EVALUATE
};

struct node {
    enum node_kind kind;
    char op; /* BINARY: + - * / = ! > < g l & | n; TURN_TO: u d r; CHANGE: s j c; LOOP: w u */
    size_t line;
    size_t name;     /* VARIABLE */
    bool is_pronoun; /* VARIABLE: name is what stood last before it */
    double amount;
    struct value value; /* LITERAL */
    struct node **kids; /* an absent one is NULL */
    size_t len, cap;
};

enum { NO_NAME = -1 };

struct rockstar {
    const struct source *source;
    const char *at; /* the rest of the program */
    size_t line_number;
    struct text line; /* the one that is parsed, without comments */
    struct token *tokens;
    size_t token_count, token_cap, token;
    struct names names;
    size_t named;    /* the variable named last, while parsing; NO_NAME: none yet */
    size_t assigned; /* the one that got a value last, while running */
    struct scope *global, *scope;
    size_t running; /* the line */
    struct value returned;
    const char *floor;
};

static _Noreturn void fail_line(size_t line, const char *what)
{
    fail("line %zu: %s", line, what);
}

/* --- values: their memory --- */

static struct value value_copy(struct value v)
{
    if (v.type == STRING) {
        v.string->refs++;
    } else if (v.type == ARRAY) {
        v.array->refs++;
    } else if (v.type == FUNCTION) {
        v.function->refs++;
    }
    return v;
}

static void scope_unref(struct scope *s);

static struct array *unref_onto(struct value v, struct array *doomed)
{
    if (v.type == STRING && --v.string->refs == 0) {
        free(v.string);
    } else if (v.type == FUNCTION && --v.function->refs == 0) {
        scope_unref(v.function->scope);
        free(v.function);
    } else if (v.type == ARRAY && --v.array->refs == 0) {
        v.array->next = doomed;
        return v.array;
    }
    return doomed;
}

/* Arrays may be nested as deep as memory goes: no recursion. */
static void value_done(struct value v)
{
    struct array *doomed = unref_onto(v, NULL);
    while (doomed) {
        struct array *a = doomed;
        doomed = a->next;
        for (size_t i = 0; i < a->len; i++) {
            doomed = unref_onto(a->items[i], doomed);
        }
        for (size_t i = 0; i < a->pair_count; i++) {
            doomed = unref_onto(a->pairs[i].key, doomed);
            doomed = unref_onto(a->pairs[i].value, doomed);
        }
        free(a->items);
        free(a->pairs);
        free(a);
    }
}

static struct value number(double n)
{
    return (struct value){.type = NUMERIC, .number = n};
}

static struct value boolean(bool b)
{
    return (struct value){.type = BOOLEAN, .boolean = b};
}

static struct value string_of(const char *data, size_t len)
{
    struct string *s = allocate(1, sizeof(*s) + len + 1);
    s->refs = 1;
    s->len = len;
    if (len > 0) {
        memcpy(s->data, data, len);
    }
    return (struct value){.type = STRING, .string = s};
}

static struct value array_new(void)
{
    struct array *a = allocate(1, sizeof(*a));
    a->refs = 1;
    return (struct value){.type = ARRAY, .array = a};
}

static void array_add(struct array *a, struct value v)
{
    a->items = grown(a->items, &a->cap, a->len + 1, sizeof(*a->items));
    a->items[a->len++] = v;
}

/* Makes *v an array that is nobody else's; what was no array becomes the first item. */
static struct array *array_own(struct value *v)
{
    if (v->type == ARRAY && v->array->refs == 1) {
        return v->array;
    }
    struct value own = array_new();
    if (v->type == ARRAY) {
        for (size_t i = 0; i < v->array->len; i++) {
            array_add(own.array, value_copy(v->array->items[i]));
        }
        size_t count = v->array->pair_count;
        own.array->pairs = grown(NULL, &own.array->pair_cap, count, sizeof(*own.array->pairs));
        for (size_t i = 0; i < count; i++) {
            struct pair *p = &v->array->pairs[i];
            own.array->pairs[i] = (struct pair){value_copy(p->key), value_copy(p->value)};
        }
        own.array->pair_count = count;
    } else if (v->type != MYSTERIOUS && v->type != NIL) {
        array_add(own.array, value_copy(*v));
    }
    value_done(*v);
    *v = own;
    return own.array;
}

static struct scope *scope_new(struct scope *outer)
{
    struct scope *s = allocate(1, sizeof(*s));
    s->refs = 1;
    s->outer = outer;
    if (outer) {
        outer->refs++;
    }
    return s;
}

static void scope_free(struct scope *s)
{
    struct scope *outer = s->outer;
    for (size_t i = 0; i < s->len; i++) {
        value_done(s->bindings[i].value);
    }
    free(s->bindings);
    free(s);
    scope_unref(outer);
}

/* Functions of its own hold the scope that holds them: those do not keep it. */
static void scope_unref(struct scope *s)
{
    if (!s) {
        return;
    }
    s->refs--;
    size_t own = 0;
    for (size_t i = 0; s->refs > 0 && i < s->len; i++) {
        struct value *v = &s->bindings[i].value;
        own += v->type == FUNCTION && v->function->refs == 1 && v->function->scope == s;
    }
    if (s->refs != own) {
        return;
    }
    for (size_t i = 0; own > 0 && i < s->len; i++) {
        struct value *v = &s->bindings[i].value;
        if (v->type == FUNCTION && v->function->scope == s) {
            v->function->scope = NULL;
        }
    }
    scope_free(s);
}

/* --- reading the program --- */

/* The next line, without comments; false: there is none. */
static bool line_read(struct rockstar *r)
{
    r->line.len = 0;
    const char *end = r->source->text + r->source->len;
    if (r->at >= end) {
        return false;
    }
    r->line_number++;
    bool quoted = false;
    for (; r->at < end && *r->at != '\n'; r->at++) {
        char c = *r->at;
        char close = (char)(c == '(' ? ')' : c == '[' ? ']' : c == '{' ? '}' : 0);
        if (c == '"') {
            quoted = !quoted;
        }
        if (quoted || !close) {
            if (c != '\r') {
                text_add_byte(&r->line, c);
            }
            continue;
        }
        while (r->at < end && *r->at != close) {
            r->line_number += *r->at == '\n';
            r->at++;
        }
        if (r->at >= end) {
            fail_line(r->line_number, "a comment does not end");
        }
    }
    r->at += r->at < end;
    text_add_byte(&r->line, '\0');
    r->line.len--;
    return true;
}

static enum meaning meaning_of(const char *word)
{
    char spaced[24];
    int len = snprintf(spaced, sizeof(spaced), " %s ", word);
    for (size_t i = 0; (size_t)len < sizeof(spaced) && i < sizeof(keywords) / sizeof(keywords[0]);
         i++) {
        if (strstr(keywords[i].words, spaced)) {
            return keywords[i].meaning;
        }
    }
    return NO_KEYWORD;
}

static struct token *token_add(struct rockstar *r, int kind, size_t start, size_t end)
{
    r->tokens = grown(r->tokens, &r->token_cap, r->token_count + 1, sizeof(*r->tokens));
    struct token *t = &r->tokens[r->token_count++];
    *t = (struct token){.start = start, .end = end};
    t->kind = kind;
    return t;
}

static void word_add(struct rockstar *r, size_t start, size_t end)
{
    struct text word = {0};
    for (size_t i = start; i < end; i++) {
        char c = r->line.data[i];
        if (c != '\'') {
            text_add_byte(&word, isupper((unsigned char)c) ? tolower((unsigned char)c) : c);
        }
    }
    if (word.len == 0) {
        return;
    }
    text_add_byte(&word, '\0');
    struct token *t = token_add(r, WORD, start, end);
    t->word = word.data;
    t->len = word.len - 1;
    t->capital = isupper((unsigned char)r->line.data[start]);
    t->meaning = meaning_of(word.data);
}

static bool is_word_byte(char c)
{
    return isalpha((unsigned char)c) || c == '\'' || c == '_' || (c & 0x80);
}

static size_t word_scan(struct rockstar *r, size_t at)
{
    const char *s = r->line.data;
    size_t end = at;
    while (is_word_byte(s[end]) && (end == at || strncmp(s + end, "'n'", 3) != 0)) {
        end++;
    }
    if (strncmp(s + at, "'n'", 3) == 0) {
        end = at + 3;
    }
    if (end - at == 3 && strncasecmp(s + at, "'n'", 3) == 0) {
        token_add(r, LIST_AND, at, end);
    } else if (end - at > 2 && strncasecmp(s + end - 2, "'s", 2) == 0) {
        word_add(r, at, end - 2);
        word_add(r, end - 2, end);
        struct token *t = &r->tokens[r->token_count - 1];
        t->meaning = IS;
    } else if (end - at > 3 && strncasecmp(s + end - 3, "'re", 3) == 0) {
        word_add(r, at, end - 3);
        word_add(r, end - 3, end);
        r->tokens[r->token_count - 1].meaning = IS;
    } else {
        word_add(r, at, end);
    }
    return end;
}

static bool token_is_operand(const struct token *t)
{
    return t->kind == TEXT || t->kind == NUMBER ||
           (t->kind == WORD && (t->meaning <= FALSE_WORD || t->meaning == PRONOUN));
}

static size_t text_scan(struct rockstar *r, size_t at)
{
    const char *close = strchr(r->line.data + at + 1, '"');
    if (!close) {
        return at + 1; /* as any other mark that means nothing */
    }
    size_t end = (size_t)(close - r->line.data);
    struct token *t = token_add(r, TEXT, at, end + 1);
    t->len = end - at - 1;
    t->word = allocate(t->len + 1, 1);
    memcpy(t->word, r->line.data + at + 1, t->len);
    return end + 1;
}

static size_t operator_scan(struct rockstar *r, size_t at)
{
    char c = r->line.data[at];
    bool is_pair = (c == '<' || c == '>') && r->line.data[at + 1] == '=';
    struct token *t = token_add(r, c == ',' ? COMMA : c == '&' ? LIST_AND : OPERATOR, at, at + 1);
    t->op = (char)(!is_pair ? c : c == '<' ? 'l' : 'g');
    return at + 1 + is_pair;
}

static size_t token_scan(struct rockstar *r, size_t at)
{
    const char *s = r->line.data;
    bool operand = r->token_count > 0 && token_is_operand(&r->tokens[r->token_count - 1]);
    const char *digits = s + at + (s[at] == '-' && !operand);
    if (isdigit((unsigned char)*digits) || (*digits == '.' && isdigit((unsigned char)digits[1]))) {
        char *end;
        double n = strtod(s + at, &end);
        struct token *t = token_add(r, NUMBER, at, (size_t)(end - s));
        t->number = n;
        return t->end;
    }
    if (is_word_byte(s[at])) {
        return word_scan(r, at);
    }
    if (s[at] == '"') {
        return text_scan(r, at);
    }
    if (strchr(",&+-*/<>", s[at])) {
        return operator_scan(r, at);
    }
    return at + 1;
}

static void line_tokenize(struct rockstar *r)
{
    for (size_t i = 0; i < r->token_count; i++) {
        free(r->tokens[i].word);
    }
    r->token_count = 0;
    r->token = 0;
    for (size_t at = 0; at < r->line.len;) {
        at = token_scan(r, at);
    }
    token_add(r, LINE_END, r->line.len, r->line.len);
}

/* --- parsing: expressions --- */

static struct node *node_new(const struct rockstar *r, enum node_kind kind, char op)
{
    struct node *n = allocate(1, sizeof(*n));
    n->kind = kind;
    n->op = op;
    n->line = r->line_number;
    return n;
}

static void node_add(struct node *n, struct node *kid)
{
    n->kids = grown(n->kids, &n->cap, n->len + 1, sizeof(struct node *));
    n->kids[n->len++] = kid;
}

static struct node *node_with(const struct rockstar *r, enum node_kind kind, char op,
                              struct node *a, struct node *b)
{
    struct node *n = node_new(r, kind, op);
    node_add(n, a);
    node_add(n, b);
    return n;
}

static struct token *peek(struct rockstar *r)
{
    return &r->tokens[r->token];
}

static bool accept(struct rockstar *r, enum meaning meaning)
{
    if (peek(r)->kind == WORD && peek(r)->meaning == meaning) {
        r->token++;
        return true;
    }
    return false;
}

static bool accept_word(struct rockstar *r, const char *word)
{
    if (peek(r)->kind == WORD && strcmp(peek(r)->word, word) == 0) {
        r->token++;
        return true;
    }
    return false;
}

static _Noreturn void fail_token(struct rockstar *r, const char *wanted)
{
    const struct token *t = peek(r);
    if (t->kind == LINE_END) {
        fail("line %zu: %s is missing at the end", r->line_number, wanted);
    }
    fail("line %zu: %s is expected where '%.*s' is", r->line_number, wanted,
         (int)(t->end - t->start), r->line.data + t->start);
}

static void expect(struct rockstar *r, enum meaning meaning, const char *wanted)
{
    if (!accept(r, meaning)) {
        fail_token(r, wanted);
    }
}

static bool is_plain(const struct token *t)
{
    return t->kind == WORD && t->meaning == NO_KEYWORD;
}

/* Behind "my" almost any word is a name; not those that make the sentence. */
static bool is_name_behind_prefix(const struct token *t)
{
    switch ((int)t->meaning) {
    case IS:
    case ISNT:
    case NOT:
    case AND:
    case OR:
    case NOR:
    case PLUS:
    case WITH:
    case MINUS:
    case OVER:
    case AT:
    case INTO:
    case TAKING:
    case TAKES:
    case SAYS:
    case BE:
        return false;
    default:
        return t->kind == WORD;
    }
}

/* Takes a variable's name; false: there is none, and nothing was taken. */
static bool name_accept(struct rockstar *r, size_t *ret_name)
{
    struct token *t = peek(r);
    struct text name = {0};
    if (t->kind != WORD) {
        return false;
    }
    if (t->meaning == PREFIX && is_name_behind_prefix(&t[1])) {
        text_add(&name, t->word, t->len);
        text_add_byte(&name, ' ');
        text_add(&name, t[1].word, t[1].len);
        r->token += 2;
    } else if (t->meaning == NO_KEYWORD || t->meaning == PREFIX) {
        text_add(&name, t->word, t->len);
        r->token++;
        while (t->capital && is_plain(peek(r)) && peek(r)->capital) {
            text_add_byte(&name, ' ');
            text_add(&name, peek(r)->word, peek(r)->len);
            r->token++;
        }
    } else {
        return false;
    }
    *ret_name = r->named = names_number(&r->names, name.data, name.len);
    text_done(&name);
    return true;
}

static struct node *expression(struct rockstar *r);
static struct node *primary(struct rockstar *r);

static void recursion_check(const struct rockstar *r)
{
    if (stack_is_low(r->floor)) {
        fail("line %zu: nested too deep", r->running ? r->running : r->line_number);
    }
}

static struct node *literal(struct rockstar *r, struct value v)
{
    struct node *n = node_new(r, LITERAL, 0);
    n->value = v;
    r->token++;
    return n;
}

/* ", and" "&" "'n'" or a comma between expressions. */
static bool separator_accept(struct rockstar *r, bool and_alone)
{
    if (peek(r)->kind == COMMA || peek(r)->kind == LIST_AND) {
        r->token++;
        accept(r, AND);
        return true;
    }
    return and_alone && accept(r, AND);
}

static struct node *call_parse(struct rockstar *r, struct node *function)
{
    struct node *n = node_new(r, CALL, 0);
    node_add(n, function);
    do {
        node_add(n, primary(r));
    } while (separator_accept(r, false));
    return n;
}

static struct node *indexed(struct rockstar *r, struct node *n)
{
    while (accept(r, AT)) {
        n = node_with(r, INDEX, 0, n, primary(r));
    }
    return n;
}

static struct node *variable_accept(struct rockstar *r)
{
    size_t name = r->named;
    bool is_pronoun = accept(r, PRONOUN);
    if (!is_pronoun && !name_accept(r, &name)) {
        return NULL;
    }
    struct node *n = node_new(r, VARIABLE, 0);
    n->name = name;
    n->is_pronoun = is_pronoun;
    return n;
}

static struct node *variable(struct rockstar *r)
{
    struct node *n = variable_accept(r);
    if (!n) {
        fail_token(r, "a variable");
    }
    return indexed(r, n);
}

static struct node *primary(struct rockstar *r)
{
    recursion_check(r);
    struct token *t = peek(r);
    if (t->kind == TEXT) {
        return indexed(r, literal(r, string_of(t->word, t->len)));
    }
    if (t->kind == NUMBER) {
        return literal(r, number(t->number));
    }
    if (t->kind == WORD) {
        switch ((int)t->meaning) {
        case MYSTERIOUS_WORD:
            return literal(r, (struct value){.type = MYSTERIOUS});
        case NULL_WORD:
            return literal(r, (struct value){.type = NIL});
        case EMPTY_WORD:
            return literal(r, string_of("", 0));
        case TRUE_WORD:
        case FALSE_WORD:
            return literal(r, boolean(t->meaning == TRUE_WORD));
        case ROLL:
            r->token++;
            return node_with(r, POP, 0, variable(r), NULL);
        default:
            break;
        }
    }
    struct node *n = variable_accept(r);
    if (!n) {
        fail_token(r, "an expression");
    }
    return accept(r, TAKING) ? call_parse(r, n) : indexed(r, n);
}

static struct node *unary(struct rockstar *r)
{
    recursion_check(r);
    if (accept(r, NOT)) {
        return node_with(r, NEGATE, 0, unary(r), NULL);
    }
    return primary(r);
}

/* The binary operator of one of two levels that is next, or 0; it is taken. */
static char operator_accept(struct rockstar *r, bool is_product)
{
    static const struct {
        enum meaning meaning;
        char op;
    } words[] = {{TIMES, '*'}, {OVER, '/'}, {PLUS, '+'}, {WITH, '+'}, {MINUS, '-'}};
    const struct token *t = peek(r);
    char op = (char)(t->kind == OPERATOR ? t->op : 0);
    for (size_t i = 0; t->kind == WORD && i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].meaning == t->meaning) {
            op = words[i].op;
        }
    }
    if (!op || !strchr(is_product ? "*/" : "+-", op)) {
        return 0;
    }
    r->token++;
    return op;
}

/* Whether what is behind a comma continues a list of operands. */
static bool list_goes_on(struct rockstar *r)
{
    const struct token *t = peek(r);
    if (t->kind != COMMA && t->kind != LIST_AND) {
        return false;
    }
    t++;
    if (t->kind == WORD && t->meaning == AND) {
        t++;
    }
    return token_is_operand(t) || (t->kind == WORD && t->meaning == PREFIX);
}

static struct node *product(struct rockstar *r)
{
    struct node *left = unary(r);
    char op;
    while ((op = operator_accept(r, true))) {
        left = node_with(r, BINARY, op, left, unary(r));
        while (list_goes_on(r)) {
            separator_accept(r, false);
            left = node_with(r, BINARY, op, left, unary(r));
        }
    }
    return left;
}

static struct node *sum(struct rockstar *r)
{
    struct node *left = product(r);
    char op;
    while ((op = operator_accept(r, false))) {
        left = node_with(r, BINARY, op, left, product(r));
        while (list_goes_on(r)) {
            separator_accept(r, false);
            left = node_with(r, BINARY, op, left, product(r));
        }
    }
    return left;
}

/* Behind "is": which comparison it is. */
static char comparison_rest(struct rockstar *r)
{
    bool negated = accept(r, NOT);
    char op = '=';
    if (accept(r, HIGHER)) {
        expect(r, THAN, "\"than\"");
        op = '>';
    } else if (accept(r, LOWER)) {
        expect(r, THAN, "\"than\"");
        op = '<';
    } else if (accept(r, AS)) {
        op = (char)(accept(r, HIGH) ? 'g' : accept(r, LOW) ? 'l' : 0);
        if (!op) {
            fail_token(r, "\"high\" or \"low\"");
        }
        expect(r, AS, "\"as\"");
    }
    if (!negated) {
        return op;
    }
    return (char)(op == '=' ? '!' : op == '>' ? 'l' : op == '<' ? 'g' : op == 'g' ? '<' : '>');
}

static struct node *comparison(struct rockstar *r)
{
    struct node *left = sum(r);
    for (;;) {
        char op = 0;
        if (accept(r, IS)) {
            op = comparison_rest(r);
        } else if (accept(r, ISNT)) {
            op = '!';
        } else if (peek(r)->kind == OPERATOR && strchr("<>lg", peek(r)->op)) {
            op = peek(r)->op;
            r->token++;
        } else {
            return left;
        }
        left = node_with(r, BINARY, op, left, sum(r));
    }
}

static struct node *expression(struct rockstar *r)
{
    struct node *left = comparison(r);
    for (;;) {
        char op = (char)(accept(r, AND) ? '&' : accept(r, OR) ? '|' : accept(r, NOR) ? 'n' : 0);
        if (!op) {
            return left;
        }
        left = node_with(r, BINARY, op, left, comparison(r));
    }
}

/* --- parsing: statements --- */

/* The rest of the line, whose words' lengths are digits. */
static double poetic_number(const struct rockstar *r, size_t start)
{
    struct text digits = {0};
    const char *s = r->line.data + start;
    bool has_point = false;
    while (*s) {
        size_t letters = 0;
        for (; *s && !isspace((unsigned char)*s) && *s != '.'; s++) {
            letters += isalpha((unsigned char)*s) || *s == '-' || (*s & 0xc0) == 0xc0;
        }
        if (letters > 0) {
            text_add_byte(&digits, '0' + (int)(letters % 10));
        }
        if (*s == '.' && !has_point) {
            has_point = true;
            text_add_byte(&digits, '.');
        }
        s += *s != '\0';
    }
    text_add_byte(&digits, '\0');
    double n = strtod(digits.data, NULL);
    text_done(&digits);
    return n;
}

static bool is_constant(const struct token *t)
{
    return t->kind == TEXT || t->kind == NUMBER ||
           (t->kind == WORD && t->meaning >= MYSTERIOUS_WORD && t->meaning <= FALSE_WORD);
}

/* Whether an expression that begins with a constant is the rest of the line. */
static bool is_expression_ahead(struct rockstar *r)
{
    const struct token *t = peek(r);
    if (!is_constant(t)) {
        return false;
    }
    const struct token *next = t + 1;
    return next->kind != WORD || (next->meaning != NO_KEYWORD && next->meaning != PREFIX);
}

static struct node *value_of_is(struct rockstar *r)
{
    if (is_expression_ahead(r)) {
        return expression(r);
    }
    size_t start = r->tokens[r->token - 1].end;
    struct node *n = literal(r, number(poetic_number(r, start)));
    r->token = r->token_count - 1;
    return n;
}

static struct node *text_of_says(struct rockstar *r)
{
    size_t start = r->tokens[r->token - 1].end;
    start += start < r->line.len;
    struct node *n = literal(r, string_of(r->line.data + start, r->line.len - start));
    r->token = r->token_count - 1;
    return n;
}

static struct node *block(struct rockstar *r);

static struct node *function_parse(struct rockstar *r, struct node *name)
{
    struct node *n = node_with(r, DEFINE, 0, name, NULL);
    do {
        node_add(n, variable(r));
    } while (separator_accept(r, true));
    if (peek(r)->kind != LINE_END) {
        fail_token(r, "the end of the line");
    }
    n->kids[1] = block(r);
    r->token = r->token_count - 1;
    return n;
}

static struct node *variable_statement(struct rockstar *r)
{
    struct node *target = variable(r);
    if (accept(r, IS)) {
        return node_with(r, ASSIGN, 0, target, value_of_is(r));
    }
    if (accept(r, SAYS)) {
        return node_with(r, ASSIGN, 0, target, text_of_says(r));
    }
    if (target->kind == VARIABLE && accept(r, TAKES)) {
        return function_parse(r, target);
    }
    if (accept(r, TAKING)) {
        return node_with(r, EVALUATE, 0, call_parse(r, target), NULL);
    }
    fail_token(r, "a verb");
}

static struct node *let_parse(struct rockstar *r)
{
    struct node *target = variable(r);
    expect(r, BE, "\"be\"");
    char op = operator_accept(r, true);
    if (!op) {
        op = operator_accept(r, false);
    }
    if (!op) {
        return node_with(r, ASSIGN, 0, target, expression(r));
    }
    struct node *value = node_with(r, BINARY, op, target, expression(r));
    while (list_goes_on(r)) {
        separator_accept(r, false);
        value = node_with(r, BINARY, op, value, expression(r));
    }
    return node_with(r, ASSIGN, 0, target, value);
}

static struct node *put_parse(struct rockstar *r)
{
    struct node *value = expression(r);
    expect(r, INTO, "\"into\"");
    return node_with(r, ASSIGN, 0, variable(r), value);
}

static struct node *crement_parse(struct rockstar *r, enum meaning way, double unit)
{
    struct node *n = node_with(r, CREMENT, 0, variable(r), NULL);
    expect(r, way, way == UP ? "\"up\"" : "\"down\"");
    n->amount = unit;
    for (;;) {
        if (peek(r)->kind == COMMA) {
            r->token++;
        } else if (accept(r, way)) {
            n->amount += unit;
        } else {
            return n;
        }
    }
}

static char way_accept(struct rockstar *r)
{
    return (char)(accept(r, UP) ? 'u' : accept(r, DOWN) ? 'd' : accept(r, ROUND) ? 'r' : 0);
}

static struct node *turn_parse(struct rockstar *r)
{
    char way = way_accept(r);
    struct node *n = node_with(r, TURN_TO, way, variable(r), NULL);
    if (!way) {
        n->op = way_accept(r);
    }
    if (!n->op) {
        fail_token(r, "\"up\", \"down\" or \"round\"");
    }
    return n;
}

/* Split, join, cast: kids are what, where to (or NULL), with what (or NULL). */
static struct node *change_parse(struct rockstar *r, char op)
{
    struct node *n = node_new(r, CHANGE, op);
    node_add(n, primary(r));
    node_add(n, accept(r, INTO) ? variable(r) : NULL);
    node_add(n, accept(r, WITH) ? expression(r) : NULL);
    if (!n->kids[1]) {
        if (n->kids[0]->kind != VARIABLE && n->kids[0]->kind != INDEX) {
            fail_token(r, "\"into\" and a variable");
        }
        n->kids[1] = n->kids[0];
    }
    return n;
}

static struct node *rock_parse(struct rockstar *r)
{
    struct node *n;
    if (is_constant(peek(r))) { /* Rock 1, 2, 3 into the array */
        n = node_with(r, PUSH, 0, NULL, expression(r));
        while (separator_accept(r, false)) {
            node_add(n, expression(r));
        }
        expect(r, INTO, "\"into\"");
        n->kids[0] = variable(r);
        return n;
    }
    n = node_with(r, PUSH, 0, variable(r), NULL);
    n->len = 1;
    if (accept(r, LIKE)) {
        node_add(n, value_of_is(r));
    } else if (accept(r, WITH) || peek(r)->meaning == NO_KEYWORD) {
        while (peek(r)->kind != LINE_END) {
            node_add(n, expression(r));
            if (!separator_accept(r, false)) {
                break;
            }
        }
    } else if (accept(r, INTO)) {
        struct node *what = n->kids[0];
        n->kids[0] = variable(r);
        node_add(n, what);
    }
    return n;
}

static struct node *roll_parse(struct rockstar *r)
{
    struct node *pop = node_with(r, POP, 0, variable(r), NULL);
    if (accept(r, INTO)) {
        return node_with(r, ASSIGN, 0, variable(r), pop);
    }
    return node_with(r, EVALUATE, 0, pop, NULL);
}

static struct node *loop_parse(struct rockstar *r, char op)
{
    struct node *n = node_with(r, LOOP, op, expression(r), NULL);
    if (peek(r)->kind == COMMA) {
        r->token++;
    }
    if (peek(r)->kind != LINE_END) {
        fail_token(r, "the end of the line");
    }
    n->kids[1] = block(r);
    r->token = r->token_count - 1;
    return n;
}

static bool is_else(struct rockstar *r)
{
    return peek(r)->kind == WORD && peek(r)->meaning == ELSE;
}

static struct node *statement(struct rockstar *r);

/* What stands behind "if ..." or "else" on its line, or else the block below. */
static struct node *branch_body(struct rockstar *r)
{
    if (peek(r)->kind == COMMA) {
        r->token++;
    }
    if (peek(r)->kind == LINE_END) {
        return block(r);
    }
    struct node *n = node_new(r, BLOCK, 0);
    node_add(n, statement(r));
    return n;
}

/* A line that begins with "else" right behind the block belongs to it, a blank one between or not.
 */
static bool else_accept(struct rockstar *r)
{
    if (is_else(r)) { /* the block stopped at it */
        return true;
    }
    const char *at = r->at;
    size_t line = r->line_number;
    if (line_read(r)) {
        line_tokenize(r);
        if (is_else(r)) {
            return true;
        }
    }
    r->at = at;
    r->line_number = line;
    r->line.len = 0;
    line_tokenize(r);
    return false;
}

static struct node *if_parse(struct rockstar *r)
{
    struct node *n = node_with(r, BRANCH, 0, expression(r), NULL);
    n->kids[1] = branch_body(r);
    if (peek(r)->kind == LINE_END || is_else(r)) {
        if (else_accept(r)) {
            r->token++;
            node_add(n, branch_body(r));
        }
    }
    return n;
}

static struct node *give_parse(struct rockstar *r)
{
    accept(r, BACK);
    struct node *n = node_with(r, RETURN, 0, expression(r), NULL);
    accept(r, BACK);
    return n;
}

static struct node *break_parse(struct rockstar *r)
{
    accept_word(r, "it");
    accept(r, DOWN);
    return node_new(r, LEAVE, 0);
}

static struct node *take_parse(struct rockstar *r)
{
    static const char *const words[] = {"it", "to", "the", "top"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!accept_word(r, words[i])) {
            fail_token(r, "\"it to the top\"");
        }
    }
    return node_new(r, AGAIN, 0);
}

static struct node *listen_parse(struct rockstar *r)
{
    return node_with(r, READ, 0, accept(r, TO) ? variable(r) : NULL, NULL);
}

static struct node *statement_of(struct rockstar *r, enum meaning verb)
{
    switch ((int)verb) {
    case PUT:
        return put_parse(r);
    case LET:
        return let_parse(r);
    case BUILD:
        return crement_parse(r, UP, 1);
    case KNOCK:
        return crement_parse(r, DOWN, -1);
    case TURN:
        return turn_parse(r);
    case LISTEN:
        return listen_parse(r);
    case SAY:
    case SAYS:
        return node_with(r, PRINT, 0, expression(r), NULL);
    case IF:
        return if_parse(r);
    case WHILE:
        return loop_parse(r, 'w');
    case UNTIL:
        return loop_parse(r, 'u');
    case BREAK:
        return break_parse(r);
    case CONTINUE:
        return node_new(r, AGAIN, 0);
    case TAKE:
        return take_parse(r);
    case GIVE:
        return give_parse(r);
    case CUT:
        return change_parse(r, 's');
    case JOIN:
        return change_parse(r, 'j');
    case CAST:
        return change_parse(r, 'c');
    case ROCK:
        return rock_parse(r);
    case ROLL:
        return roll_parse(r);
    default:
        r->token--;
        return variable_statement(r);
    }
}

/* Of the line that was read; with its block, when it has one. */
static struct node *statement(struct rockstar *r)
{
    recursion_check(r);
    enum meaning verb = peek(r)->kind == WORD ? peek(r)->meaning : NO_KEYWORD;
    r->token++;
    struct node *n = statement_of(r, verb);
    if (peek(r)->kind == COMMA) {
        r->token++;
    }
    if (peek(r)->kind != LINE_END && !is_else(r)) {
        fail_token(r, "the end of the line");
    }
    return n;
}

/* Statements until a blank line, the end, or an "else", on which it stops. */
static struct node *block(struct rockstar *r)
{
    struct node *n = node_new(r, BLOCK, 0);
    for (;;) {
        if (!is_else(r)) {
            if (!line_read(r)) {
                r->line.len = 0;
                line_tokenize(r);
                return n;
            }
            line_tokenize(r);
        }
        if (is_else(r) || peek(r)->kind == LINE_END) {
            return n;
        }
        node_add(n, statement(r));
        if (is_else(r)) {
            return n;
        }
    }
}

static struct node *program_parse(struct rockstar *r)
{
    struct node *program = node_new(r, BLOCK, 0);
    while (line_read(r)) {
        line_tokenize(r);
        if (peek(r)->kind == LINE_END) {
            continue;
        }
        if (is_else(r)) {
            fail_line(r->line_number, "\"else\" without \"if\"");
        }
        node_add(program, statement(r));
        if (is_else(r)) {
            fail_line(r->line_number, "\"else\" without \"if\"");
        }
    }
    return program;
}

/* --- running: values --- */

static bool is_true(struct value v)
{
    switch (v.type) {
    case BOOLEAN:
        return v.boolean;
    case NUMERIC:
        return v.number != 0 && !isnan(v.number);
    case STRING:
        return v.string->len > 0;
    case ARRAY:
        return v.array->len > 0 || v.array->pair_count > 0;
    case FUNCTION:
        return true;
    case MYSTERIOUS:
    case NIL:
        break;
    }
    return false;
}

/* The shortest digits that read back as the same number. */
static void number_show(double n, struct text *to)
{
    char digits[40];
    if (isnan(n)) {
        text_add_str(to, "NaN");
        return;
    }
    if (isinf(n)) {
        text_add_str(to, n < 0 ? "-Infinity" : "Infinity");
        return;
    }
    if (n == trunc(n) && fabs(n) < 1e21) {
        snprintf(digits, sizeof(digits), "%.0f", n == 0 ? 0 : n);
        text_add_str(to, digits);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, n);
        if (strtod(digits, NULL) == n) {
            break;
        }
    }
    text_add_str(to, digits);
}

static void show(const struct rockstar *r, struct value v, struct text *to)
{
    switch (v.type) {
    case MYSTERIOUS:
        text_add_str(to, "mysterious");
        break;
    case NIL:
        text_add_str(to, "null");
        break;
    case BOOLEAN:
        text_add_str(to, v.boolean ? "true" : "false");
        break;
    case NUMERIC:
        number_show(v.number, to);
        break;
    case STRING:
        text_add(to, v.string->data, v.string->len);
        break;
    case ARRAY: /* as everywhere that is no array's place */
        number_show((double)v.array->len, to);
        break;
    case FUNCTION:
        text_add_str(to, "[Function: ");
        text_add_str(to, r->names.names[v.function->definition->kids[0]->name].text);
        text_add_str(to, "]");
        break;
    }
}

static struct value text_value(struct text *t)
{
    struct value v = string_of(t->data, t->len);
    text_done(t);
    return v;
}

/* Of a whole string in a base; false: it is none. */
static bool number_parse(const struct string *s, int base, double *ret)
{
    char *end;
    if (s->len == 0 || isspace((unsigned char)s->data[0])) {
        return false;
    }
    double n = base == 10 ? strtod(s->data, &end) : (double)strtoll(s->data, &end, base);
    bool is_number = *end == '\0' && (base != 10 || !strpbrk(s->data, "xXnNpP"));
    if (is_number) {
        *ret = n;
    }
    return is_number;
}

static double to_number(struct value v)
{
    double n = NAN;
    switch (v.type) {
    case NIL:
        return 0;
    case BOOLEAN:
        return v.boolean;
    case NUMERIC:
        return v.number;
    case ARRAY:
        return (double)v.array->len;
    case STRING:
        number_parse(v.string, 10, &n);
        return n;
    case MYSTERIOUS:
    case FUNCTION:
        break;
    }
    return n;
}

static bool arrays_equal(struct rockstar *r, const struct array *a, const struct array *b);

/* Of different types, the lesser first in the order of enum type. */
static bool mixed_equal(struct value a, struct value b)
{
    double n = 0;
    if (a.type == MYSTERIOUS || b.type == FUNCTION) {
        return b.type == NIL;
    }
    if (b.type == ARRAY) {
        return a.type != STRING && to_number(a) == (double)b.array->len;
    }
    if (b.type == STRING) {
        return a.type == NUMERIC   ? number_parse(b.string, 10, &n) && n == a.number
               : a.type == BOOLEAN ? a.boolean == is_true(b)
                                   : !is_true(b);
    }
    if (a.type == NIL) {
        return !is_true(b);
    }
    return a.boolean == is_true(b);
}

static bool equal(struct rockstar *r, struct value a, struct value b)
{
    if (a.type != b.type) {
        return a.type < b.type ? mixed_equal(a, b) : mixed_equal(b, a);
    }
    switch (a.type) {
    case BOOLEAN:
        return a.boolean == b.boolean;
    case NUMERIC:
        return a.number == b.number;
    case STRING:
        return a.string->len == b.string->len &&
               memcmp(a.string->data, b.string->data, a.string->len) == 0;
    case ARRAY:
        return arrays_equal(r, a.array, b.array);
    case FUNCTION:
        return a.function == b.function;
    case MYSTERIOUS:
    case NIL:
        break;
    }
    return true;
}

static bool arrays_equal(struct rockstar *r, const struct array *a, const struct array *b)
{
    recursion_check(r);
    bool same = a == b || (a->len == b->len && a->pair_count == b->pair_count);
    for (size_t i = 0; a != b && same && i < a->len; i++) {
        same = equal(r, a->items[i], b->items[i]);
    }
    for (size_t i = 0; a != b && same && i < a->pair_count; i++) {
        same = equal(r, a->pairs[i].key, b->pairs[i].key) &&
               equal(r, a->pairs[i].value, b->pairs[i].value);
    }
    return same;
}

static bool ordered(struct value a, char op, struct value b)
{
    if (a.type == STRING && b.type == STRING) {
        size_t common = a.string->len < b.string->len ? a.string->len : b.string->len;
        int order = memcmp(a.string->data, b.string->data, common);
        order = order ? order : (a.string->len > b.string->len) - (a.string->len < b.string->len);
        return op == '<' ? order < 0 : op == '>' ? order > 0 : op == 'l' ? order <= 0 : order >= 0;
    }
    if (a.type == MYSTERIOUS || b.type == MYSTERIOUS || a.type == FUNCTION || b.type == FUNCTION) {
        return false;
    }
    double x = to_number(a), y = to_number(b);
    return op == '<' ? x < y : op == '>' ? x > y : op == 'l' ? x <= y : x >= y;
}

static struct value concatenation(const struct rockstar *r, struct value a, struct value b)
{
    struct text t = {0};
    show(r, a, &t);
    show(r, b, &t);
    return text_value(&t);
}

static struct value repetition(struct value s, double times)
{
    struct text t = {0};
    for (double i = 1; i <= times && s.string->len > 0; i++) {
        text_add(&t, s.string->data, s.string->len);
    }
    return text_value(&t);
}

static _Noreturn void fail_types(const struct rockstar *r, char op)
{
    fail("line %zu: these two have no '%c'", r->running, op);
}

static struct value arithmetic(struct rockstar *r, struct value a, char op, struct value b)
{
    if (a.type == FUNCTION || b.type == FUNCTION) {
        fail_types(r, op);
    }
    if (op == '+' && (a.type == STRING || b.type == STRING)) {
        return concatenation(r, a, b);
    }
    if (op == '*' && a.type == STRING && b.type == NUMERIC) {
        return repetition(a, b.number);
    }
    if (op == '*' && b.type == STRING && a.type == NUMERIC) {
        return repetition(b, a.number);
    }
    if (a.type == STRING || b.type == STRING) {
        return (struct value){.type = MYSTERIOUS};
    }
    double x = to_number(a), y = to_number(b);
    return number(op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : x / y);
}

/* --- running: variables --- */

static struct value *binding_find(const struct rockstar *r, size_t name)
{
    for (struct scope *s = r->scope; s; s = s->outer) {
        for (size_t i = 0; i < s->len; i++) {
            if (s->bindings[i].name == name) {
                return &s->bindings[i].value;
            }
        }
    }
    return NULL;
}

/* A pronoun means the variable that got a value last; where none did, the one named last. */
static size_t name_of(const struct rockstar *r, const struct node *n)
{
    size_t name = n->is_pronoun && r->assigned != (size_t)NO_NAME ? r->assigned : n->name;
    if (name == (size_t)NO_NAME) {
        fail_line(n->line, "a pronoun means a variable, and none was named before it");
    }
    return name;
}

/* Valid until the next variable is made. */
static struct value *binding_make(struct scope *s, size_t name)
{
    s->bindings = grown(s->bindings, &s->cap, s->len + 1, sizeof(*s->bindings));
    s->bindings[s->len] = (struct binding){.name = name};
    return &s->bindings[s->len++].value;
}

static struct value evaluate(struct rockstar *r, const struct node *n);

/* An index that is a place of an array. */
static bool is_place(struct value key, size_t *ret)
{
    bool fits = key.type == NUMERIC && key.number >= 0 && key.number < 1e15 &&
                key.number == trunc(key.number);
    if (fits) {
        *ret = (size_t)key.number;
    }
    return fits;
}

static struct value *array_find(struct rockstar *r, struct array *a, struct value key)
{
    size_t place;
    if (is_place(key, &place)) {
        return place < a->len ? &a->items[place] : NULL;
    }
    for (size_t i = 0; i < a->pair_count; i++) {
        if (a->pairs[i].key.type == key.type && equal(r, a->pairs[i].key, key)) {
            return &a->pairs[i].value;
        }
    }
    return NULL;
}

static struct value *array_make(struct rockstar *r, struct array *a, struct value key)
{
    struct value *found = array_find(r, a, key);
    size_t place;
    if (found) {
        return found;
    }
    if (is_place(key, &place)) {
        while (a->len <= place) {
            array_add(a, (struct value){.type = MYSTERIOUS});
        }
        return &a->items[place];
    }
    a->pairs = grown(a->pairs, &a->pair_cap, a->pair_count + 1, sizeof(*a->pairs));
    a->pairs[a->pair_count] = (struct pair){.key = value_copy(key)};
    return &a->pairs[a->pair_count++].value;
}

/* Where a target's value is kept, made when it is new; arrays on the way become its own. */
static struct value *place_of(struct rockstar *r, const struct node *n)
{
    recursion_check(r);
    if (n->kind == VARIABLE) {
        size_t name = name_of(r, n);
        r->assigned = name;
        struct value *found = binding_find(r, name);
        return found ? found : binding_make(r->scope, name);
    }
    if (n->kind != INDEX) {
        fail_line(n->line, "this is no place for a value");
    }
    struct value key = evaluate(r, n->kids[1]);
    struct value *v = place_of(r, n->kids[0]);
    if (v->type == STRING) {
        fail_line(n->line, "a string's characters cannot be changed");
    }
    struct value *place = array_make(r, array_own(v), key);
    value_done(key);
    return place;
}

/* Takes `v` over. */
static void assign(struct rockstar *r, const struct node *target, struct value v)
{
    struct value *place = place_of(r, target);
    struct value old = *place;
    *place = v;
    value_done(old);
}

/* --- running: expressions --- */

/* The character at an index. */
static struct value string_at(const struct string *s, double index)
{
    size_t at = 0;
    for (double i = 0; at < s->len; i++) {
        size_t start = at;
        char_decode(s->data, s->len, &at);
        if (i == index) {
            return string_of(s->data + start, at - start);
        }
    }
    return (struct value){.type = MYSTERIOUS};
}

static struct value index_evaluate(struct rockstar *r, const struct node *n)
{
    struct value whole = evaluate(r, n->kids[0]), key = evaluate(r, n->kids[1]);
    struct value item = {.type = MYSTERIOUS};
    if (whole.type == ARRAY) {
        struct value *found = array_find(r, whole.array, key);
        item = found ? value_copy(*found) : item;
    } else if (whole.type == STRING && key.type == NUMERIC) {
        item = string_at(whole.string, key.number);
    } else if (whole.type != MYSTERIOUS && whole.type != NIL) {
        fail_line(n->line, "only arrays and strings have items");
    }
    value_done(whole);
    value_done(key);
    return item;
}

static struct value binary_evaluate(struct rockstar *r, const struct node *n)
{
    struct value a = evaluate(r, n->kids[0]);
    if (strchr("&|n", n->op)) {
        bool truth = is_true(a);
        if (n->op == '&' ? truth : !truth) {
            value_done(a);
            a = evaluate(r, n->kids[1]);
        }
        if (n->op == 'n') {
            bool b = !is_true(a);
            value_done(a);
            return boolean(b);
        }
        return a;
    }
    struct value b = evaluate(r, n->kids[1]), result;
    if (n->op == '=' || n->op == '!') {
        result = boolean(equal(r, a, b) == (n->op == '='));
    } else if (strchr("<>lg", n->op)) {
        result = boolean(ordered(a, n->op, b));
    } else {
        result = arithmetic(r, a, n->op, b);
    }
    value_done(a);
    value_done(b);
    return result;
}

enum flow { ONWARD, LEFT, AGAIN_FLOW, RETURNED };
static enum flow run(struct rockstar *r, const struct node *n);

static struct value call_evaluate(struct rockstar *r, const struct node *n)
{
    struct value f = evaluate(r, n->kids[0]);
    if (f.type != FUNCTION) {
        fail_line(n->line, "what is called is no function");
    }
    const struct node *definition = f.function->definition;
    if (definition->len - 2 != n->len - 1) {
        fail("line %zu: the function takes %zu arguments, not %zu", n->line, definition->len - 2,
             n->len - 1);
    }
    struct scope *own = scope_new(f.function->scope ? f.function->scope : r->global);
    for (size_t i = 1; i < n->len; i++) {
        struct value v = evaluate(r, n->kids[i]);
        *binding_make(own, definition->kids[i + 1]->name) = v;
    }
    struct scope *caller = r->scope;
    size_t assigned = r->assigned;
    r->scope = own;
    r->returned = (struct value){.type = NIL};
    if (run(r, definition->kids[1]) != RETURNED) {
        r->returned = (struct value){.type = MYSTERIOUS};
    }
    struct value result = r->returned;
    r->returned = (struct value){.type = MYSTERIOUS};
    r->scope = caller;
    r->assigned = assigned;
    scope_unref(own);
    value_done(f);
    return result;
}

static struct value pop_evaluate(struct rockstar *r, const struct node *n)
{
    struct value *v = place_of(r, n->kids[0]);
    struct array *a = array_own(v);
    if (a->len == 0) {
        return (struct value){.type = MYSTERIOUS};
    }
    struct value first = a->items[0];
    a->len--;
    memmove(a->items, a->items + 1, a->len * sizeof(*a->items));
    return first;
}

static struct value evaluate(struct rockstar *r, const struct node *n)
{
    recursion_check(r);
    struct value v;
    switch ((int)n->kind) {
    case LITERAL:
        return value_copy(n->value);
    case VARIABLE: {
        struct value *found = binding_find(r, name_of(r, n));
        return found ? value_copy(*found) : (struct value){.type = MYSTERIOUS};
    }
    case INDEX:
        return index_evaluate(r, n);
    case NEGATE: {
        v = evaluate(r, n->kids[0]);
        bool negated = !is_true(v);
        value_done(v);
        return boolean(negated);
    }
    case CALL:
        return call_evaluate(r, n);
    case POP:
        return pop_evaluate(r, n);
    default:
        return binary_evaluate(r, n);
    }
}

static bool evaluate_true(struct rockstar *r, const struct node *n)
{
    struct value v = evaluate(r, n);
    bool yes = is_true(v);
    value_done(v);
    return yes;
}

/* --- running: statements --- */

static void crement(struct rockstar *r, const struct node *n)
{
    struct value *v = place_of(r, n->kids[0]);
    if (v->type == BOOLEAN) {
        v->boolean = v->boolean != (fmod(n->amount, 2) != 0);
    } else if (v->type == NUMERIC || v->type == NIL) {
        *v = number(to_number(*v) + n->amount);
    } else {
        fail_line(n->line, "only numbers and booleans go up and down");
    }
}

static void turn(struct rockstar *r, const struct node *n)
{
    struct value *v = place_of(r, n->kids[0]);
    if (v->type != NUMERIC) {
        fail_line(n->line, "only numbers can be turned");
    }
    double x = v->number;
    v->number = n->op == 'u' ? ceil(x) : n->op == 'd' ? floor(x) : floor(x + 0.5);
}

static struct value split(const struct node *n, struct value what, struct value with)
{
    if (what.type != STRING || (with.type != STRING && n->kids[2])) {
        fail_line(n->line, "a string is split, by a string");
    }
    struct value parts = array_new();
    const struct string *s = what.string;
    size_t by = n->kids[2] ? with.string->len : 0, start = 0;
    while (by == 0 && start < s->len) {
        size_t end = start;
        char_decode(s->data, s->len, &end);
        array_add(parts.array, string_of(s->data + start, end - start));
        start = end;
    }
    while (by > 0) {
        const char *found = memmem(s->data + start, s->len - start, with.string->data, by);
        size_t end = found ? (size_t)(found - s->data) : s->len;
        array_add(parts.array, string_of(s->data + start, end - start));
        if (!found) {
            break;
        }
        start = end + by;
    }
    return parts;
}

static struct value join(struct rockstar *r, const struct node *n, struct value what,
                         struct value with)
{
    if (what.type != ARRAY) {
        fail_line(n->line, "only an array is joined");
    }
    struct text t = {0};
    for (size_t i = 0; i < what.array->len; i++) {
        if (i > 0 && n->kids[2]) {
            show(r, with, &t);
        }
        show(r, what.array->items[i], &t);
    }
    return text_value(&t);
}

static struct value cast(const struct node *n, struct value what, struct value with)
{
    if (what.type == NUMERIC) {
        struct text t = {0};
        if (what.number >= 0 && what.number <= 0x10ffff) {
            text_add_char(&t, (int64_t)what.number);
        }
        if (t.len == 0 && what.number != 0) {
            fail_line(n->line, "no character has this number");
        }
        return text_value(&t);
    }
    if (what.type != STRING) {
        fail_line(n->line, "only strings and numbers are cast");
    }
    double base = n->kids[2] ? to_number(with) : 10, value = 0;
    if (!(base >= 2 && base <= 36)) {
        fail_line(n->line, "a base is a number from 2 to 36");
    }
    if (!number_parse(what.string, (int)base, &value)) {
        fail_line(n->line, "the string is no number");
    }
    return number(value);
}

static void change(struct rockstar *r, const struct node *n)
{
    struct value what = evaluate(r, n->kids[0]), with = {.type = MYSTERIOUS};
    if (n->kids[2]) {
        with = evaluate(r, n->kids[2]);
    }
    struct value result = n->op == 's'   ? split(n, what, with)
                          : n->op == 'j' ? join(r, n, what, with)
                                         : cast(n, what, with);
    value_done(what);
    value_done(with);
    assign(r, n->kids[1], result);
}

static void push(struct rockstar *r, const struct node *n)
{
    array_own(place_of(r, n->kids[0]));
    for (size_t i = 1; i < n->len; i++) {
        struct value v = evaluate(r, n->kids[i]);
        array_add(array_own(place_of(r, n->kids[0])), v);
    }
}

static void print(struct rockstar *r, const struct node *n)
{
    struct value v = evaluate(r, n->kids[0]);
    struct text t = {0};
    show(r, v, &t);
    text_add_byte(&t, '\n');
    write_text(t.data, t.len);
    text_done(&t);
    value_done(v);
}

static void listen(struct rockstar *r, const struct node *n)
{
    struct text line = {0};
    struct value v = {.type = MYSTERIOUS};
    if (text_read_line(&line)) {
        v = string_of(line.data, line.len);
    }
    text_done(&line);
    if (n->kids[0]) {
        assign(r, n->kids[0], v);
    } else {
        value_done(v);
    }
}

static enum flow loop(struct rockstar *r, const struct node *n)
{
    while (evaluate_true(r, n->kids[0]) == (n->op == 'w')) {
        enum flow flow = run(r, n->kids[1]);
        if (flow == LEFT) {
            break;
        }
        if (flow == RETURNED) {
            return flow;
        }
    }
    return ONWARD;
}

static void define(struct rockstar *r, const struct node *n)
{
    struct function *f = allocate(1, sizeof(*f));
    *f = (struct function){.refs = 1, .definition = n, .scope = r->scope};
    if (r->scope == r->global) {
        f->scope = NULL;
    } else {
        r->scope->refs++;
    }
    size_t name = name_of(r, n->kids[0]);
    struct value *place = NULL; /* one of this scope: the outer one's function stays */
    for (size_t i = 0; i < r->scope->len; i++) {
        place = r->scope->bindings[i].name == name ? &r->scope->bindings[i].value : place;
    }
    place = place ? place : binding_make(r->scope, name);
    struct value old = *place;
    *place = (struct value){.type = FUNCTION, .function = f};
    value_done(old);
}

static enum flow run_block(struct rockstar *r, const struct node *n)
{
    enum flow flow = ONWARD;
    for (size_t i = 0; flow == ONWARD && i < n->len; i++) {
        flow = run(r, n->kids[i]);
    }
    return flow;
}

static enum flow run(struct rockstar *r, const struct node *n)
{
    recursion_check(r);
    r->running = n->line;
    switch ((int)n->kind) {
    case BLOCK:
        return run_block(r, n);
    case ASSIGN:
        assign(r, n->kids[0], evaluate(r, n->kids[1]));
        break;
    case PRINT:
        print(r, n);
        break;
    case READ:
        listen(r, n);
        break;
    case CREMENT:
        crement(r, n);
        break;
    case TURN_TO:
        turn(r, n);
        break;
    case BRANCH:
        if (evaluate_true(r, n->kids[0])) {
            return run(r, n->kids[1]);
        }
        return n->len > 2 ? run(r, n->kids[2]) : ONWARD;
    case LOOP:
        return loop(r, n);
    case LEAVE:
        return LEFT;
    case AGAIN:
        return AGAIN_FLOW;
    case RETURN: {
        struct value v = evaluate(r, n->kids[0]);
        r->returned = v;
        return RETURNED;
    }
    case DEFINE:
        define(r, n);
        break;
    case CHANGE:
        change(r, n);
        break;
    case PUSH:
        push(r, n);
        break;
    default:
        value_done(evaluate(r, n->kids[0]));
    }
    return ONWARD;
}

int main(int argc, char **argv)
{
    struct source source = program_read(argc, argv, "rockstar 1.0.0");
    struct rockstar r = {.source = &source,
                         .at = source.text,
                         .floor = stack_floor(),
                         .named = NO_NAME,
                         .assigned = NO_NAME};
    r.global = r.scope = scope_new(NULL);
    run(&r, program_parse(&r));
    /* What is left goes with the process. */
    return 0;
}
