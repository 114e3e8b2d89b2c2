/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar-unzip - unpacks the zip archive that is its stdin into its current directory.
 *
 *   ./NAME --bytes N --files M <ARCHIVE
 *
 * It is run inside a box, as the box's user: libarchive reads a stranger's bytes, so it does that
 * where a stranger's programs run.  Called as ./NAME it is a copy that the box was given, and first
 * of all removes itself: what is in the directory at the end came from the archive.
 *
 * Exit status: 0, also when the archive is broken (one line on stderr says of what); 3 when it
 * stopped at a limit; 1 when it could not work at all; 2 for a wrong command line.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "unzip/unzip.h"

enum { EXIT_USAGE = 2, EXIT_LIMIT = 3 };

static bool number_parse(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        return false;
    }
    *ret = value;
    return true;
}

static bool arguments_parse(int argc, char **argv, struct unzip_limits *ret)
{
    bool bytes = false, files = false;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--bytes") == 0) {
            bytes = number_parse(argv[i + 1], &ret->bytes);
        } else if (strcmp(argv[i], "--files") == 0) {
            files = number_parse(argv[i + 1], &ret->files);
        }
    }
    return argc == 5 && bytes && files;
}

/* One line, whatever the names in it are. */
static void say(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            *c = '?';
        }
    }
    fprintf(stderr, "belljar-unzip: %s\n", text);
}

/* NULL and *ret_size 0: the file is empty. */
static int stdin_map(void **ret, size_t *ret_size, struct err *e)
{
    struct stat st;
    if (fstat(STDIN_FILENO, &st) < 0) {
        return err_sys(e, "stdin");
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INVALID, "stdin must be a file: the archive");
    }
    *ret = NULL;
    *ret_size = (size_t)st.st_size;
    if (st.st_size == 0) {
        return 0;
    }
    void *map = mmap(NULL, *ret_size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    if (map == MAP_FAILED) {
        return err_sys(e, "reading stdin");
    }
    *ret = map;
    return 0;
}

static int remove_self(const char *name, struct err *e)
{
    if (strncmp(name, "./", 2) == 0 && unlink(name) < 0) {
        return err_sys(e, "removing '%.100s', this program", name);
    }
    return 0;
}

static void report_show(const struct unzip_report *report)
{
    char text[ERR_TEXT_MAX + 64];
    if (report->skipped > 0) {
        snprintf(text, sizeof(text), "not unpacked or not whole: %llu; the first: %s",
                 (unsigned long long)report->skipped, report->first.text);
        say(text);
    }
}

int main(int argc, char **argv)
{
    struct unzip_limits limits;
    struct unzip_report report = {0};
    struct err e;
    void *zip = NULL;
    size_t size = 0;
    if (!arguments_parse(argc, argv, &limits)) {
        fprintf(stderr, "usage: belljar-unzip --bytes N --files M <ARCHIVE\n");
        return EXIT_USAGE;
    }
    /* Elsewhere libarchive changes names that are marked as UTF-8. */
    uselocale(newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0));
    signal(SIGXFSZ, SIG_IGN);
    umask(022);
    int r = remove_self(argv[0], &e);
    if (r == 0) {
        r = stdin_map(&zip, &size, &e);
    }
    if (r == 0) {
        r = unzip(zip, size, &limits, &report, &e);
    }
    if (r < 0) {
        say(e.text);
        return r == -ERR_LIMIT ? EXIT_LIMIT : EXIT_FAILURE;
    }
    report_show(&report);
    return EXIT_SUCCESS;
}
