# SPDX-License-Identifier: Apache-2.0
"""A compiler that was started ahead of its source makes what one makes that was not, and says the same.

Each program is compiled twice cold, which must come to the same, or it could prove nothing; then warm.  Compared are what
the compiler says, how it ends, each byte of what it makes, and what that does.
"""
import re
import shutil
import tomllib

import pytest

from support import judge0, native
from support.native import encode
from support.raw import ask, wait_until
from support.server import ROOT, Server

COMPARED = ("verdict", "exit_code", "signal", "stdout", "stderr", "encoding", "stdout_truncated", "stderr_truncated")
# Their names are random.
OBJECT = re.compile(r"/tmp/(?:[A-Za-z0-9-]+\.o|go-build[0-9]+)")
MAIN = "int main(void) { return 0; }\n"

C = {
    "hello": '#include <stdio.h>\nint main(void) { puts("hello"); return 3; }\n',
    "warning": "#include <stdio.h>\nint main(void) { undeclared(); return puts(1); }\n",
    "error": "int main(void) { return x }\n",
    "two_errors": 'int f(void) { return "a" * 2; }\nint main(void) { y = 1; }\n',
    "error_directive": "#warning first\n#error last\n" + MAIN,
    "no_such_header": '#include "nonsuch.h"\n' + MAIN,
    "header_beside": {"main.c": '#include "own.h"\nint main(void) { return OWN; }\n', "own.h": "#define OWN 7\n"},
    "header_below": {"main.c": '#include "a/own.h"\nint main(void) { return OWN; }\n', "a/own.h": "#define OWN 8\n"},
    "error_in_header": {"main.c": '#include "own.h"\n' + MAIN, "own.h": "int x = ;\n"},
    "itself": '#include <stdio.h>\n#ifndef ONCE\n#define ONCE\n#include "main.c"\n#else\n'
              "int main(void) { puts(__FILE__); puts(__BASE_FILE__); return __INCLUDE_LEVEL__; }\n#endif\n",
    "once": "#pragma once\n" + MAIN,
    "own_text": '#include <stdio.h>\n__asm__(".section .rodata\\ntext: .incbin \\"main.c\\"\\n.byte 0\\n.text");\n'
                "extern const char text[];\nint main(void) { fputs(text, stdout); return 0; }\n",
    "assembler_error": '__asm__("nonsuch %eax");\n' + MAIN,
    "linker_error": "int nowhere(void);\nint main(void) { return nowhere(); }\n",
    "no_main": "int x;\n",
    "empty": "",
    "no_newline": "int main(void) { return 4; }",
    "windows": "int main(void)\r\n{\r\n    return 5 \\\r\n;\r\n}\r\n",
    "latin1": b"int main(void) { return '\xe4' == x; } /* \xff\xfe */\n",
    "utf8": '#include <stdio.h>\nint main(void) { int größe = 1; puts("ä€"); return größe; }\n',
    "mark": b"\xef\xbb\xbf" + MAIN.encode(),
    "line": '#line 7 "other.c"\nint main(void) { return y; }\n',
    "math": "#include <math.h>\n#include <stdio.h>\nint main(int c, char **v) { printf(\"%.9f\\n\", sin(c)); }\n",
    "threads": "#include <pthread.h>\nstatic void *f(void *p) { return p; }\n"
               "int main(void) { pthread_t t; return pthread_create(&t, 0, f, 0) || pthread_join(t, 0); }\n",
    "large": "#include <stdio.h>\nchar room[300000] = {1};\n"
             + "".join(f"int f{i}(int x) {{ return x * {i}; }}\n" for i in range(400)) + "int main(void) { return f9(2); }\n",
    "many_messages": "".join(f"int f{i}(void) {{ return g{i}; }}\n" for i in range(3000)) + MAIN,
    "its_files": '#include <stdio.h>\n#include <dirent.h>\nint main(void) { DIR *d = opendir("/tmp"); int n = 0;\n'
                 "while (readdir(d)) { n++; } d = opendir(\".\"); while (readdir(d)) { n++; } return n; }\n",
    "name_of_its_own": {"prog": "int main(void) { return sizeof(__FILE__); }\n"},
}
CPP = {
    "hello": '#include <iostream>\nint main() { std::cout << "hello\\n"; return 3; }\n',
    "bits": "#include <bits/stdc++.h>\nint main() { std::vector<int> v{3, 1, 2}; std::sort(v.begin(), v.end()); return v[0]; }\n",
    "error_in_bits": "#include <bits/stdc++.h>\nint main() { std::vector<int> v; v.nonsuch(); std::sort(v); }\n",
    "template": "template <int N> struct F { static const int v = F<N - 1>::v; };\nint main() { return F<5>::v; }\n",
    "ambiguous": "void f(long); void f(char);\nint main() { f(1); }\n",
    "anonymous": "namespace { struct S { virtual ~S(); }; S::~S() {} }\nint main() { S s; auto f = [] { return 2; }; return f(); }\n",
    "exceptions": "#include <stdexcept>\nint main() { try { throw std::runtime_error(\"a\"); } catch (std::exception &) { return 6; } }\n",
    "linker_error": "struct S { void f(int); };\nint main() { S().f(1); }\n",
    "header_beside": {"main.cpp": '#include "own.hpp"\nint main() { return own<int>(); }\n',
                      "own.hpp": "template <class T> int own() { return sizeof(T); }\n"},
    "not_cpp": "int main(void) { int class = 1; return class; }\n",
}
GO = {
    "hello": 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n\tfmt.Println("hello")\n\tos.Exit(3)\n}\n',
    "error": "package main\n\nfunc main() {\n\tx := 1\n\treturn y\n}\n",
    "syntax_error": "package main\n\nfunc main( {\n}\n",
    "no_package": "func main() {}\n",
    "nothing": "",
    "unused_import": 'package main\n\nimport "os"\n\nfunc main() {}\n',
    "nonsuch_import": 'package main\n\nimport "nonsuch"\n\nfunc main() { nonsuch.F() }\n',
    "far_import": 'package main\n\nimport "example.org/far/away"\n\nfunc main() { away.F() }\n',
    "near_import": 'package main\n\nimport "./near"\n\nfunc main() { near.F() }\n',
    "no_main": "package main\n\nfunc other() {}\n",
    "constraint": "//go:build ignore\n\npackage main\n\nfunc main() {}\n",
    "embed": {"main.go": 'package main\n\nimport _ "embed"\n\n//go:embed main.go\nvar own string\n\nfunc main() { print(own) }\n'},
    "latin1": b'package main\n\nfunc main() { println("\xe4") }\n',
    "panic": 'package main\n\nfunc main() { panic("p") }\n',
    "test_file_of_that_name": {"main_test.go": "package main\n\nfunc main() {}\n"},
    "other_system": {"main_windows.go": "package main\n\nfunc main() {}\n"},
}
# They have a NUL byte, a compiler tells of them when it was started, or looks for something else before.
COLD = {
    "c": {"nul": b"int main(void) { return 1; /* \0 */ }\n"},
    "c-clang": {"nul": b"int main(void) { return 1; /* \0 */ }\n",
                "timestamp": "int main(void) { return sizeof(__TIMESTAMP__); }\n"},
    "go": {
        "module": {"main.go": "package main\n\nfunc main() { for i := range 3 { println(i) } }\n", "go.mod": "module m\n\ngo 1.22\n"},
        "old_module": {"main.go": "package main\n\nfunc main() { for i := range 3 { println(i) } }\n", "go.mod": "module m\n\ngo 1.20\n"},
        "bad_module": {"main.go": "package main\n\nfunc main() {}\n", "go.mod": "nonsense\n"},
    },
}
PROGRAMS = {"c": C, "c-clang": C, "c++": CPP, "cpp-clang": CPP, "go": GO}
TOOLS = {"c": "gcc", "c++": "g++", "c-clang": "clang", "cpp-clang": "clang++", "go": "go"}

NAMES = {"c++": "main.cpp", "cpp-clang": "main.cpp", "go": "main.go"}


def is_there(tool):
    path = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"
    return any(shutil.which(name, path=path) for name in (tool, f"{tool}-14", f"{tool}-13", f"{tool}-12"))


def each(programs):
    for language, of_language in programs.items():
        absent = not is_there(TOOLS[language])
        mark = [pytest.mark.skip(f"{TOOLS[language]} is not installed")] if absent else []
        for name in of_language:
            yield pytest.param(language, name, id=f"{language}-{name}", marks=mark)


@pytest.fixture(scope="module")
def servers(prepared):
    """With spares, and without; nothing is compiled before."""
    flags = "--log-level", "info", "--prepare-dir", str(prepared)
    fresh = {"BELLJAR_CACHE_BYTES": "0"}
    roomy = {**fresh, "BELLJAR_POOL_MEMORY": "1G", "BELLJAR_POOL_IDLE_MS": "60000"}
    both = {"warm": Server(*flags, env=roomy), "cold": Server(*flags, "--pool", "0", env=fresh)}
    yield both
    for one in both.values():
        code, log = one.stop()
        assert code == 0, log


def request(language, program, **more):
    name = NAMES.get(language, "main.c")
    files = program if isinstance(program, dict) else {name: program}
    return {
        "language": language, "wait": True, "artifacts": ["a.out"], **more,
        "files": [{"path": path, "content": encode(text), "encoding": "base64"} for path, text in files.items()],
    }


def warm_ones(server, metric):
    text = ask(server, "GET", "/metrics").body.decode()
    found = re.search(r'^%s\{kind="warm"\} (\d+)' % metric, text, re.M)
    return int(found.group(1)) if found else 0


def compile_once(server, body):
    """What was seen, and whether its compiler was warm: the program that it makes never is."""
    before = warm_ones(server, "belljar_spare_boxes_claimed_total")
    answer = native.create(server, body)
    assert answer.status == 200, answer
    found = answer.json()
    assert not found["compile"]["cached"]
    seen = [{key: OBJECT.sub("OBJECT", str(found[stage][key])) for key in COMPARED} if found[stage] else None
            for stage in ("compile", "run")]
    return [*seen, found["artifacts"]], warm_ones(server, "belljar_spare_boxes_claimed_total") > before


def compile_cold(servers, body):
    seen, was_warm = compile_once(servers["cold"], body)
    assert not was_warm
    return seen


def compile_warm(servers, body):
    got = []

    def is_warm():
        wait_until(lambda: warm_ones(servers["warm"], "belljar_spare_boxes") > 0, 1)
        seen, was_warm = compile_once(servers["warm"], body)
        got[:] = [seen]
        return was_warm
    assert wait_until(is_warm, 60), "none was started ahead\n" + servers["warm"].log_path.read_text()[-1500:]
    return got[0]


@pytest.mark.parametrize("language, name", each(PROGRAMS))
def test_warm_is_as_cold(servers, language, name):
    body = request(language, PROGRAMS[language][name])
    cold = compile_cold(servers, body)
    assert compile_cold(servers, body) == cold, "it is not the same twice, and proves nothing"
    assert (cold[1] is None) == (cold[0]["verdict"] != "ok") and (cold[1] is None or cold[2]), cold
    assert compile_warm(servers, body) == cold


@pytest.mark.parametrize("language, name", each(COLD))
def test_who_could_tell_is_compiled_cold(servers, language, name):
    body = request(language, COLD[language][name])
    cold = compile_cold(servers, body)
    for _ in range(3):
        assert compile_once(servers["warm"], body) == (cold, False)


TIMES = '#include <stdio.h>\nint main(void) { puts(__DATE__ " " __TIME__); return 0; }\n'


@pytest.mark.parametrize("language, name", each({language: {"times": TIMES} for language in ("c", "c-clang")}))
def test_the_time_is_that_of_the_compilation(servers, language, name):
    """Not that of the compiler's start, which was before: two of one spare's moment could not differ from it."""
    body = request(language, TIMES.replace("__TIME__", '__TIME__ "\\n" __TIME__'))
    seen = compile_warm(servers, body)
    assert wait_until(lambda: warm_ones(servers["warm"], "belljar_spare_boxes") > 0, 60)
    started = ask(servers["warm"], "GET", "/metrics").headers["Date"][17:25]
    assert wait_until(lambda: ask(servers["warm"], "GET", "/metrics").headers["Date"][17:25] != started, 10)
    later, was_warm = compile_once(servers["warm"], body)
    assert was_warm and later[1]["stdout"] > seen[1]["stdout"]
    assert later[1]["stdout"].split()[3] > started


BOMB = "#define A(x) x,x,x,x,x,x,x,x,x,x\nint a[] = {" + "A(" * 7 + "1" + ")" * 7 + "};\n" + MAIN


@pytest.mark.parametrize("verdict, limits", [
    ("memory_limit", {"memory_bytes": 48 << 20}), ("time_limit", {"cpu_ms": 300}), ("wall_time_limit", {"wall_ms": 300})])
def test_limits_of_the_compile_stage_hold(servers, verdict, limits):
    body = request("c", BOMB, compile=limits)
    assert compile_cold(servers, body)[0]["verdict"] == verdict
    assert compile_warm(servers, body)[0]["verdict"] == verdict


def test_judge0s_compilers_wait_too(servers):
    """With its -O0, which is no client's; a client's own options are in no command before the client's job is."""
    def submitted(**more):
        before = warm_ones(servers["warm"], "belljar_spare_boxes_claimed_total")
        assert judge0.run(servers["warm"], C["hello"], judge0.C, **more)["stdout"] == "hello\n"
        return warm_ones(servers["warm"], "belljar_spare_boxes_claimed_total") > before

    def is_warm():
        wait_until(lambda: warm_ones(servers["warm"], "belljar_spare_boxes") > 0, 1)
        return submitted()
    assert wait_until(is_warm, 60)
    for _ in range(4):
        assert not submitted(compiler_options="-g1")


def test_every_compiler_that_is_started_ahead_has_its_programs():
    """Java's are in tests/api/test_java.py."""
    recipes = [tomllib.loads(path.read_text()) for path in sorted((ROOT / "runtimes").glob("*/*.toml"))]
    found = {recipe["language"] for recipe in recipes
             if "compile_warm" in recipe or "compile_warm" in recipe.get("prepared", {})}
    assert found - {"java", "java-compiled"} == set(PROGRAMS)
