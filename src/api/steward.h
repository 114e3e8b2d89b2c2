#pragma once
/*
 * steward - what the server process may ask of its parent, which alone may change packages.
 *
 *   server -> parent   struct steward_request and its words, one packet, no descriptors
 *   parent -> server   struct steward_answer, one for each request and in their order; one that
 *                      accepts has a descriptor: the JSON lines of `belljar pkg --events` until
 *                      their end, or the file that STEWARD_UPLOAD makes
 *
 * What is asked is an operation of a table (cli/steward_rules.h), never a path or an option.  Who
 * goes away does not end what was asked for: it goes on with nobody reading.
 */
#include <stdint.h>

#define STEWARD_PACKET_MAX 8192

enum steward_op {
    STEWARD_AVAILABLE = 1, /* belljar pkg available: all that there is and could be */
    STEWARD_LIST,          /* ... list */
    STEWARD_OUTDATED,
    STEWARD_INSTALL,
    STEWARD_REMOVE,
    STEWARD_UPGRADE,
    STEWARD_PIN,
    STEWARD_UNPIN,
    STEWARD_IMAGES,       /* belljar image list */
    STEWARD_UPLOAD,       /* a file to write an image to; its number is the answer's `upload` */
    STEWARD_UPLOAD_DROP,  /* it is not wanted any more; no descriptor comes of it */
    STEWARD_IMAGE_IMPORT, /* of an upload */
    STEWARD_IMAGE_PULL,
    STEWARD_IMAGE_REMOVE,
    STEWARD_OPS_END,
};

/* What a word is for; the rules say with which operation, how many, and what it may look like. */
enum steward_word_kind {
    STEWARD_CALLER = 'u',    /* whose request it is, for the audit log */
    STEWARD_CLIENT = 'a',    /* ... and from which address */
    STEWARD_PACKAGE = 'p',   /* "python=3.11", "ruby/3.1", "@core", "piston:node=15.10.0" */
    STEWARD_LIBRARY = 'l',   /* "numpy" */
    STEWARD_AGAIN = 'g',     /* also what is there; empty */
    STEWARD_SECURITY = 's',  /* only what closes a hole; empty */
    STEWARD_IMAGE = 'i',     /* an image's name here */
    STEWARD_REFERENCE = 'r', /* "docker.io/library/ruby:3.3" */
    STEWARD_MEMBER = 'm',    /* which image of an archive */
    STEWARD_LANGUAGE = 'L',
    STEWARD_VERSION = 'v',
    STEWARD_ALIAS = 'A',
    STEWARD_EXTENSION = 'e', /* ".rb" */
    STEWARD_COMPILE = 'c',   /* a command */
    STEWARD_RUN = 'R',
};

/* Behind it `words` times: the kind (a byte), the text, NUL. */
struct steward_request {
    uint32_t op;
    uint32_t upload; /* STEWARD_IMAGE_IMPORT, STEWARD_UPLOAD_DROP: its number; else 0 */
    uint32_t words;
};

struct steward_answer {
    uint32_t kind;   /* enum err_kind; 0: accepted */
    uint32_t upload; /* of STEWARD_UPLOAD */
    char text[232];  /* why not */
};
