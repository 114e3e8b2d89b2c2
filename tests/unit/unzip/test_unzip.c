/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/tree.h"
#include "unzip/unzip.h"

#define PYTHON "/usr/bin/python3"

static const char *program; /* belljar-unzip, from the command line */

struct fixture {
    char root[40];
    char box[60], zip[60], said_path[60];
    char said[2000]; /* on stderr */
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    strcpy(f->root, "/tmp/belljar-test-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->box, sizeof(f->box), "%s/box", f->root);
    snprintf(f->zip, sizeof(f->zip), "%s/zip", f->root);
    snprintf(f->said_path, sizeof(f->said_path), "%s/said", f->root);
    assert_int_equal(mkdir(f->box, 0755), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    struct err e;
    AUTO(fd_closep) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = tree_remove(tmp, f->root + strlen("/tmp/"), &e);
    free(f);
    return r;
}

/* --- archives and runs ------------------------------------------------------------------- */

static int wait_exit(pid_t pid)
{
    int status;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* `script` has z, an open ZipFile, and add(name, data, ...); `after` has all bytes, as b. */
static void zip_make(const struct fixture *f, const char *script, const char *after)
{
    static const char *const frame = "import io, struct, sys, zipfile\n"
                                     "out = io.BytesIO()\n"
                                     "class Pipe(io.RawIOBase):\n"
                                     "    def writable(self): return True\n"
                                     "    def write(self, data): return out.write(data)\n"
                                     "def add(name, data='', mode=None, method=0, system=3):\n"
                                     "    i = zipfile.ZipInfo('x')\n"
                                     "    i.filename = name\n"
                                     "    i.create_system = system\n"
                                     "    i.compress_type = method\n"
                                     "    if mode is not None: i.external_attr = mode << 16\n"
                                     "    z.writestr(i, data)\n"
                                     "z = zipfile.ZipFile(out, 'w')\n"
                                     "%s\n"
                                     "z.close()\n"
                                     "b = out.getvalue()\n"
                                     "%s\n"
                                     "open(sys.argv[1], 'wb').write(b)\n";
    AUTO(mem_freep) char *text = xasprintf(frame, script, after); /* NOLINT: not a literal */
    pid_t pid = fork();
    if (pid == 0) {
        execl(PYTHON, PYTHON, "-W", "ignore", "-c", text, f->zip, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(wait_exit(pid), 0);
}

static void put_program(const struct fixture *f)
{
    struct err e;
    AUTO(buf_done) struct buf exe = {0};
    AUTO(mem_freep) char *path = xasprintf("%s/.unzip", f->box);
    assert_int_equal(fd_read_path(program, (size_t)64 << 20, &exe, &e), 0);
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, exe.data, exe.len, &e), 0);
}

static void be_program(const struct fixture *f, const char *bytes, const char *files)
{
    int in = open(f->zip, O_RDONLY | O_CLOEXEC);
    int err = open(f->said_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (chdir(f->box) == 0 && dup2(in, 0) == 0 && dup2(err, 2) == 2) {
        execl("./.unzip", "./.unzip", "--bytes", bytes, "--files", files, (char *)NULL);
    }
    _exit(127);
}

static int run(struct fixture *f, uint64_t bytes, uint64_t files)
{
    AUTO(mem_freep) char *bytes_text = xasprintf("%llu", (unsigned long long)bytes);
    AUTO(mem_freep) char *files_text = xasprintf("%llu", (unsigned long long)files);
    put_program(f);
    pid_t pid = fork();
    if (pid == 0) {
        be_program(f, bytes_text, files_text);
    }
    int code = wait_exit(pid);
    struct err e;
    AUTO(buf_done) struct buf said = {0};
    assert_int_equal(fd_read_path(f->said_path, sizeof(f->said) - 1, &said, &e), 0);
    snprintf(f->said, sizeof(f->said), "%.*s", (int)said.len, said.len > 0 ? said.data : "");
    return code;
}

static void unpack(struct fixture *f, const char *script)
{
    zip_make(f, script, "");
    assert_int_equal(run(f, 1 << 20, 1000), 0);
}

/* What lies in the directory: type, mode, size and path of each, sorted. */
static char *listing(const struct fixture *f)
{
    AUTO(mem_freep)
    char *command = xasprintf("cd %s && find . -mindepth 1 \\( -type d -printf 'd %%m %%P\\n' -o "
                              "-type l -printf 'l %%P %%l\\n' -o -printf '%%y %%m %%s %%P\\n' \\)"
                              " | LC_ALL=C sort",
                              f->box);
    FILE *p = popen(command, "r"); /* NOLINT: a test */
    struct buf out = {0};
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof(part), p)) > 0;) {
        buf_add(&out, part, n);
    }
    assert_int_equal(pclose(p), 0);
    buf_add_char(&out, '\0');
    return buf_take(&out);
}

static void assert_listing(const struct fixture *f, const char *expected)
{
    AUTO(mem_freep) char *found = listing(f);
    assert_string_equal(found, expected);
}

static size_t count_listed(const struct fixture *f)
{
    AUTO(mem_freep) char *found = listing(f);
    size_t lines = 0;
    for (const char *c = found; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    return lines;
}

static void assert_content(const struct fixture *f, const char *name, const char *expected)
{
    struct err e;
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep) char *path = xasprintf("%s/%s", f->box, name);
    assert_int_equal(fd_read_path(path, 1 << 20, &text, &e), 0);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static void put_file(const struct fixture *f, const char *name, const char *text)
{
    struct err e;
    AUTO(mem_freep) char *path = xasprintf("%s/%s", f->box, name);
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static void assert_one_line(const struct fixture *f)
{
    assert_string_not_equal(f->said, "");
    assert_ptr_equal(strchr(f->said, '\n'), f->said + strlen(f->said) - 1);
}

/* --- what an archive holds --------------------------------------------------------------- */

static void test_files_and_directories_are_unpacked(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('a', 'one'); add('d/e/b', 'two'); add('empty/'); add('none')");
    assert_string_equal(f->said, "");
    assert_listing(f, "d 755 d\nd 755 d/e\nd 755 empty\nf 644 0 none\nf 644 3 a\nf 644 3 d/e/b\n");
    assert_content(f, "a", "one");
    assert_content(f, "d/e/b", "two");
}

static void test_every_usual_method_is_read(void **state)
{
    struct fixture *f = *state;
    unpack(f, "for m in (0, 8, 12, 14): add(str(m), 'x' * 5000, method=m)");
    assert_listing(f, "f 644 5000 0\nf 644 5000 12\nf 644 5000 14\nf 644 5000 8\n");
    assert_string_equal(f->said, "");
}

static void test_sizes_behind_the_data_are_read(void **state)
{
    struct fixture *f = *state;
    unpack(f, "z = zipfile.ZipFile(Pipe(), 'w')\n"
              "for m in (0, 8): add('m%d' % m, 'text', method=m)");
    assert_content(f, "m0", "text");
    assert_content(f, "m8", "text");
}

static void test_zip64_is_read(void **state)
{
    struct fixture *f = *state;
    unpack(f, "with z.open('big', 'w', force_zip64=True) as w: w.write(b'text')");
    assert_content(f, "big", "text");
}

static void test_modes_are_reduced_to_executable_or_not(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('plain', '', 0o100600); add('run', '', 0o100700); add('suid', '', 0o106755)\n"
              "add('d/', '', 0o041777); add('closed/', '', 0o040000); add('dos', '', system=0)");
    assert_listing(f, "d 755 closed\nd 755 d\nf 644 0 dos\nf 644 0 plain\nf 755 0 run\n"
                      "f 755 0 suid\n");
}

static void test_a_long_comment_does_no_harm(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('a', 'one'); z.comment = b'c' * 60000");
    assert_content(f, "a", "one");
}

static void test_bytes_before_the_archive_do_no_harm(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', 'one')", "b = b'MZ' + b'\\0' * 60 + b");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_content(f, "a", "one");
}

/* --- what is there ----------------------------------------------------------------------- */

static void test_nothing_is_overwritten(void **state)
{
    struct fixture *f = *state;
    put_file(f, "main.c", "mine");
    unpack(f, "add('main.c', 'theirs'); add('main.c/x', 'theirs'); add('other', 'yes')");
    assert_content(f, "main.c", "mine");
    assert_content(f, "other", "yes");
}

static void test_of_one_name_the_first_stays(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('a', 'first'); add('a', 'second'); add('./a', 'third'); add('a/b', 'fourth')");
    assert_listing(f, "f 644 5 a\n");
    assert_content(f, "a", "first");
}

static void test_the_program_removes_itself_first(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('.unzip', 'theirs')");
    assert_listing(f, "f 644 6 .unzip\n");
}

/* --- names ------------------------------------------------------------------------------- */

static void test_names_stay_below(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('/abs', ''); add('../up', ''); add('a/../../b', ''); add('//x//y', '')\n"
              "add('..', ''); add('/', ''); add('c/..', '')");
    assert_listing(f, "d 755 a\nd 755 x\nf 644 0 a/b\nf 644 0 abs\nf 644 0 c\nf 644 0 up\n"
                      "f 644 0 x/y\n");
}

static void test_bytes_of_names_are_kept(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('qqq', '1'); add('\\u00e9\\u4e2d', '2')",
             "b = b.replace(b'qqq', b'\\xff\\x80q')");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_content(f, "\xff\x80q", "1");
    assert_content(f, "\xc3\xa9\xe4\xb8\xad", "2");
}

static void test_names_marked_wrongly_as_utf8_are_left_out(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('\\u00e9\\u00e9', '1'); add('a', '2')",
             "b = b.replace(b'\\xc3\\xa9' * 2, b'\\xff\\xfe' * 2)");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_listing(f, "f 644 1 a\n");
    assert_one_line(f);
}

static void test_a_name_ends_at_its_first_nul(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('qqq', '1')", "b = b.replace(b'qqq', b'q\\0q')");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_listing(f, "f 644 1 q\n");
}

static void test_backslashes_of_dos_separate(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('d\\\\e\\\\a', 'x', system=0); add('..\\\\up', 'x', system=0)");
    assert_listing(f, "d 755 d\nd 755 d/e\nf 644 1 d/e/a\nf 644 1 up\n");
}

static void test_names_too_long_or_too_deep_are_left_out(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('n' * 300, ''); add('d/' * 300 + 'x', ''); add('e/' * 20000 + 'x', '')\n"
              "add('a', '')");
    assert_listing(f, "f 644 0 a\n");
    assert_one_line(f);
}

static void test_a_message_is_one_line_whatever_the_names(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('n\\n\\x1b' * 300, '')");
    assert_one_line(f);
    assert_null(strchr(f->said, '\x1b'));
}

/* --- links and other things -------------------------------------------------------------- */

static void test_links_that_stay_below_are_made(void **state)
{
    struct fixture *f = *state;
    unpack(f, "add('l', 'd/a', 0o120777); add('d/m', '../b', 0o120777); add('d/a', '1')\n"
              "add('b', '2')");
    assert_listing(f, "d 755 d\nf 644 1 b\nf 644 1 d/a\nl d/m ../b\nl l d/a\n");
}

static void test_links_that_lead_out_are_left_out(void **state)
{
    struct fixture *f = *state;
    unpack(f, "for i, t in enumerate(('/etc/passwd', '..', '../x', 'a/../..', '../../x')):\n"
              "    add('l%d' % i, t, 0o120777)");
    assert_listing(f, "");
    assert_one_line(f);
    assert_non_null(strstr(f->said, ": 5;"));
}

static void test_no_name_passes_through_a_link(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *link = xasprintf("%s/out", f->box);
    assert_int_equal(symlink("..", link), 0); /* even one that was there before */
    unpack(f, "add('l', 'd', 0o120777); add('d/', ''); add('l/x', ''); add('out/evil', '')\n"
              "add('out', '')");
    assert_listing(f, "d 755 d\nd 755 l\nf 644 0 l/x\nl out ..\n");
    AUTO(mem_freep) char *evil = xasprintf("%s/evil", f->root);
    assert_int_equal(access(evil, F_OK), -1);
}

static void test_devices_and_sockets_are_left_out(void **state)
{
    struct fixture *f = *state;
    unpack(f, "for i, m in enumerate((0o020644, 0o060644, 0o140644)):\n"
              "    add('s%d' % i, '', m)\n"
              "add('a', '')");
    assert_listing(f, "f 644 0 a\n");
    assert_one_line(f);
}

/* --- limits ------------------------------------------------------------------------------ */

static void test_as_many_bytes_as_allowed_are_unpacked(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', 'x' * 600); add('b', 'x' * 400)", "");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_listing(f, "f 644 400 b\nf 644 600 a\n");
}

static void test_one_byte_more_stops_it(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', 'x' * 600); add('b', 'x' * 401); add('c', 'x')", "");
    assert_int_equal(run(f, 1000, 10), 3);
    assert_listing(f, "f 644 600 a\n"); /* the one that was cut off is not left */
    assert_one_line(f);
    assert_non_null(strstr(f->said, "1000 bytes"));
}

static void test_a_bomb_is_stopped(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', b'\\0' * (200 << 20), method=8)", "");
    assert_int_equal(run(f, 1 << 20, 10), 3);
    assert_listing(f, "");
}

/* The sizes that the headers tell, of 'a': after the crc. */
#define LIE                                                                                        \
    "for mark, at in ((b'PK\\3\\4', 22), (b'PK\\1\\2', 24)):\n"                                    \
    "    i = b.index(mark) + at\n"                                                                 \
    "    b = b[:i] + struct.pack('<I', 1) + b[i + 4:]\n"

static void test_headers_that_lie_about_sizes_pass_no_limit(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', b'\\0' * (20 << 20), method=8)", LIE);
    int code = run(f, 1 << 20, 10);
    assert_true(code == 0 || code == 3);
    AUTO(mem_freep) char *found = listing(f);
    unsigned size = 0;
    if (sscanf(found, "f 644 %u a", &size) == 1) { /* NOLINT: a test */
        assert_true(size <= 1 << 20);
    }
}

static void test_as_many_files_as_allowed_are_unpacked(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('d/e/a'); add('d/b'); add('d/b'); add('d/')", "");
    assert_int_equal(run(f, 1000, 4), 0); /* d, d/e, d/e/a, d/b */
    assert_int_equal(count_listed(f), 4);
}

static void test_one_file_more_stops_it(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('d/e/a'); add('d/b'); add('c')", "");
    assert_int_equal(run(f, 1000, 4), 3);
    assert_int_equal(count_listed(f), 4);
    assert_one_line(f);
    assert_non_null(strstr(f->said, "4 files"));
}

static void test_directories_and_links_count(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a/b/c/'); add('l', 'a', 0o120777); add('m', 'a', 0o120777)", "");
    assert_int_equal(run(f, 1000, 4), 3);
    assert_int_equal(count_listed(f), 3); /* links come last, and it had stopped */
}

static void test_very_many_entries_are_stopped_at_the_limit(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "for i in range(100000): add('f%d' % i)", "");
    assert_int_equal(run(f, 1000, 1000), 3);
    assert_int_equal(count_listed(f), 1000);
}

static void test_very_many_entries_of_one_name_are_one_file(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "for i in range(20000): add('a', 'x')", "");
    assert_int_equal(run(f, 1, 1), 0);
    assert_listing(f, "f 644 1 a\n");
}

/* --- what is broken ---------------------------------------------------------------------- */

static void test_encrypted_entries_are_left_out(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', 'secret secret'); add('b', 'plain')",
             "for mark, at in ((b'PK\\3\\4', 6), (b'PK\\1\\2', 8)):\n"
             "    i = b.index(mark) + at\n"
             "    b = b[:i] + b'\\1' + b[i + 1:]\n");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_listing(f, "f 644 5 b\n");
    assert_one_line(f);
    assert_non_null(strstr(f->said, "encrypted"));
}

static void test_methods_that_nobody_knows_are_left_out(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', 'text'); add('b', 'plain')",
             "for mark, at in ((b'PK\\3\\4', 8), (b'PK\\1\\2', 10)):\n"
             "    i = b.index(mark) + at\n"
             "    b = b[:i] + b'\\x63' + b[i + 1:]\n");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_listing(f, "f 644 5 b\n");
    assert_one_line(f);
}

static void test_a_file_with_a_wrong_sum_stays_and_is_told(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', 'qqqq'); add('b', 'plain')", "b = b.replace(b'qqqq', b'qqrq')");
    assert_int_equal(run(f, 1000, 10), 0);
    assert_content(f, "a", "qqrq");
    assert_content(f, "b", "plain");
    assert_one_line(f);
}

static void test_entries_that_overlap_are_read_once_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    zip_make(f, "add('a', 'x' * 500); add('b', 'y' * 500)",
             "first = b.index(b'PK\\1\\2')\n"
             "second = b.index(b'PK\\1\\2', first + 4)\n"
             "b = b[:second + 42] + struct.pack('<I', 0) + b[second + 46:]\n");
    assert_int_equal(run(f, 600, 10), 0);
    assert_content(f, "a",
                   "xxxxx" /* and so on */
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                   "xxxxxxxxxxxxxxxxxxxxx");
}

static void test_what_is_no_archive_is_told(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {"b''", "b'text'", "b'PK'", "b'PK\\3\\4'",
                                        "b'\\x1f\\x8b' + b'\\0' * 99"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO(mem_freep) char *after = xasprintf("b = %s", texts[i]);
        zip_make(f, "", after);
        assert_int_equal(run(f, 1000, 10), 0);
        assert_listing(f, "");
        assert_one_line(f);
    }
}

static void test_an_empty_archive_is_fine(void **state)
{
    struct fixture *f = *state;
    unpack(f, "");
    assert_listing(f, "");
}

static void test_an_archive_that_ends_anywhere_is_unpacked_so_far(void **state)
{
    struct fixture *f = *state;
    for (unsigned cut = 1; cut < 300; cut += 23) {
        AUTO(mem_freep) char *after = xasprintf("b = b[:-%u]", cut);
        zip_make(f, "add('a', 'one'); add('b', 'x' * 400, method=8)", after);
        assert_int_equal(run(f, 1000, 10), 0);
    }
    assert_content(f, "a", "one");
}

/* --- the command line -------------------------------------------------------------------- */

static int run_with(const struct fixture *f, const char *const *args, int in)
{
    put_program(f);
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[8] = {xstrdup("./.unzip")};
        for (size_t i = 0; args[i] != NULL; i++) {
            argv[i + 1] = xstrdup(args[i]);
        }
        int none = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (chdir(f->box) == 0 && dup2(in, 0) == 0 && dup2(none, 2) == 2) {
            execv("./.unzip", argv);
        }
        _exit(127);
    }
    return wait_exit(pid);
}

static void test_a_wrong_command_line_removes_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const wrong[][6] = {
        {NULL},
        {"--bytes", "1", NULL},
        {"--bytes", "1", "--files", "x", NULL},
        {"--bytes", "-1", "--files", "1", NULL},
        {"--bytes", "1", "--bytes", "1", NULL},
        {"--bytes", "1", "--files", "1", "more", NULL},
        {"--bytes", "99999999999999999999999", "--files", "1", NULL},
    };
    AUTO(fd_closep) int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    AUTO(mem_freep) char *copy = xasprintf("%s/.unzip", f->box);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(run_with(f, wrong[i], in), 2);
        assert_int_equal(unlink(copy), 0);
    }
}

static void test_stdin_must_be_a_file(void **state)
{
    struct fixture *f = *state;
    static const char *const args[] = {"--bytes", "1", "--files", "1", NULL};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(run_with(f, args, ends[0]), 1);
    fd_close(ends[0]);
    fd_close(ends[1]);
}

/* --- pure functions ---------------------------------------------------------------------- */

static void test_path_drops_what_leads_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *name, *path;
    } rows[] = {
        {"a", "a"},          {"a/b", "a/b"},     {"/a", "a"},
        {"///a//b/", "a/b"}, {"./a/./b", "a/b"}, {"../../a", "a"},
        {"a/../b", "a/b"},   {"...", "..."},     {"..a/b..", "..a/b.."},
        {"", NULL},          {"/", NULL},        {"..", NULL},
        {"./..//", NULL},    {"a\nb", "a\nb"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char path[UNZIP_PATH_MAX + 1];
        assert_int_equal(unzip_path(rows[i].name, path), rows[i].path != NULL);
        if (rows[i].path != NULL) {
            assert_string_equal(path, rows[i].path);
        }
    }
}

static void test_path_has_a_longest_form(void **state)
{
    (void)state;
    char path[UNZIP_PATH_MAX + 1], name[6000];
    memset(name, 'x', sizeof(name));
    for (size_t i = 255; i < sizeof(name); i += 256) {
        name[i] = '/';
    }
    name[UNZIP_PATH_MAX] = '\0'; /* sixteen names of 255 and what is between them */
    assert_true(unzip_path(name, path));
    assert_string_equal(path, name);
    name[UNZIP_PATH_MAX] = '/';
    name[UNZIP_PATH_MAX + 2] = '\0';
    assert_false(unzip_path(name, path));
    name[255] = 'x';
    assert_false(unzip_path(name, path));
}

static void test_link_targets_stay_below(void **state)
{
    (void)state;
    static const struct {
        const char *path, *target;
        bool ok;
    } rows[] = {
        {"l", "a", true},        {"l", "a/b", true},         {"l", ".", true},
        {"l", "./a/.", true},    {"l", "", false},           {"l", "/", false},
        {"l", "/a", false},      {"l", "..", false},         {"l", "a/..", false},
        {"d/l", "..", true},     {"d/l", "../a", true},      {"d/l", "../..", false},
        {"d/l", "./../a", true}, {"d/e/l", "../../a", true}, {"d/e/l", "../a/../b", false},
        {"l", "...", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(unzip_link_ok(rows[i].path, rows[i].target), rows[i].ok);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(test_files_and_directories_are_unpacked),
        T(test_every_usual_method_is_read),
        T(test_sizes_behind_the_data_are_read),
        T(test_zip64_is_read),
        T(test_modes_are_reduced_to_executable_or_not),
        T(test_a_long_comment_does_no_harm),
        T(test_bytes_before_the_archive_do_no_harm),
        T(test_nothing_is_overwritten),
        T(test_of_one_name_the_first_stays),
        T(test_the_program_removes_itself_first),
        T(test_names_stay_below),
        T(test_bytes_of_names_are_kept),
        T(test_names_marked_wrongly_as_utf8_are_left_out),
        T(test_a_name_ends_at_its_first_nul),
        T(test_backslashes_of_dos_separate),
        T(test_names_too_long_or_too_deep_are_left_out),
        T(test_a_message_is_one_line_whatever_the_names),
        T(test_links_that_stay_below_are_made),
        T(test_links_that_lead_out_are_left_out),
        T(test_no_name_passes_through_a_link),
        T(test_devices_and_sockets_are_left_out),
        T(test_as_many_bytes_as_allowed_are_unpacked),
        T(test_one_byte_more_stops_it),
        T(test_a_bomb_is_stopped),
        T(test_headers_that_lie_about_sizes_pass_no_limit),
        T(test_as_many_files_as_allowed_are_unpacked),
        T(test_one_file_more_stops_it),
        T(test_directories_and_links_count),
        T(test_very_many_entries_are_stopped_at_the_limit),
        T(test_very_many_entries_of_one_name_are_one_file),
        T(test_encrypted_entries_are_left_out),
        T(test_methods_that_nobody_knows_are_left_out),
        T(test_a_file_with_a_wrong_sum_stays_and_is_told),
        T(test_entries_that_overlap_are_read_once_or_not_at_all),
        T(test_what_is_no_archive_is_told),
        T(test_an_empty_archive_is_fine),
        T(test_an_archive_that_ends_anywhere_is_unpacked_so_far),
        T(test_a_wrong_command_line_removes_nothing),
        T(test_stdin_must_be_a_file),
        cmocka_unit_test(test_path_drops_what_leads_elsewhere),
        cmocka_unit_test(test_path_has_a_longest_form),
        cmocka_unit_test(test_link_targets_stay_below),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: test_unzip BELLJAR_UNZIP\n");
        return 2;
    }
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
