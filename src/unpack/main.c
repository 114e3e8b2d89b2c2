/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar-unpack - reads the archive that is its stdin, writes what it holds to stdout.
 *
 *   belljar-unpack [--control] [--skip-special] [--image UID:GID[,GID...]] [--only PATH]...
 *     <ARCHIVE >STREAM
 *
 * --image: it is a layer of an OCI image whose programs run as this user.
 *
 * It is run inside a box, as the box's user: libarchive reads a stranger's bytes, so it does that
 * where a stranger's programs run.  What comes out (boxproto/boxarchive.h) is checked by who reads
 * it, outside.
 *
 * Exit status: 0; 1 with one line on stderr when the archive is broken or not to be had whole;
 * 2 for a wrong command line.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "unpack/image_user.h"
#include "unpack/unpack.h"

#define USAGE                                                                                      \
    "usage: belljar-unpack [--control] [--skip-special] [--image UID:GID[,GID...]] "               \
    "[--only PATH]... <ARCHIVE >STREAM\n"

enum { EXIT_USAGE = 2 };

static bool arguments_parse(int argc, char **argv, struct image_user *user,
                            struct unpack_options *ret)
{
    struct err ignored;
    size_t only = 0;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--control") == 0) {
            ret->deb_control = true;
        } else if (strcmp(argv[i], "--skip-special") == 0) {
            ret->skip_special = true;
        } else if (strcmp(argv[i], "--image") == 0 && more &&
                   image_user_parse(argv[i + 1], user, &ignored) == 0) {
            ret->image_user = user;
            i++;
        } else if (strcmp(argv[i], "--only") == 0 && more && only < UNPACK_ONLY_MAX) {
            ret->only[only++] = argv[++i];
        } else {
            return false;
        }
    }
    return true;
}

/* One line, whatever the names in it are. */
static void say(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            *c = '?';
        }
    }
    fprintf(stderr, "belljar-unpack: %s\n", text);
}

int main(int argc, char **argv)
{
    struct unpack_options options = {0};
    struct image_user user = {0};
    struct err e;
    if (!arguments_parse(argc, argv, &user, &options)) {
        fprintf(stderr, USAGE);
        return EXIT_USAGE;
    }
    /* Elsewhere libarchive changes names that are marked as UTF-8, or loses them. */
    uselocale(newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0));
    if (unpack(STDIN_FILENO, STDOUT_FILENO, &options, &e) < 0) {
        image_user_done(&user);
        say(e.text);
        return EXIT_FAILURE;
    }
    image_user_done(&user);
    return EXIT_SUCCESS;
}
