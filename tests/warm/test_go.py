# SPDX-License-Identifier: Apache-2.0
"""One file of Go is compiled and linked without go once it is prepared (src/runtimes/go/build.sh), and comes to what it
comes to with `go build`: what is said, how it ends, what the program is and does."""
import base64
import contextlib
import re
import shutil
import subprocess

import pytest

from support import native
from support.native import encode
from support.server import Server, cannot

PATH = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"
COMPARED = ("verdict", "exit_code", "signal", "stdout", "stderr", "encoding")
RANDOM = re.compile(r"/tmp/go-build[0-9]+|goroutine [0-9]+|0x[0-9a-f]+|\b[0-9]+(?:\.[0-9]+)?[mµn]?s\b")
BUILD_ID = b"\4\0\0\0Go\0\0"  # a note of ELF


def main(body, *imports):
    return "package main\n\n" + "".join(f'import "{name}"\n' for name in imports) + "\nfunc main() {\n" + body + "\n}\n"


HELLO = main('\tfmt.Println("hello")', "fmt")
LINES = "".join(f"func f{i}(x int) int {{ return x * {i} }}\n" for i in range(2000))

# Built without go.
OWN = {
    "hello": HELLO,
    "exit status": main("os.Exit(3)", "os"),
    "what it was built of": main(
        "found, _ := debug.ReadBuildInfo()\nfmt.Println(found, runtime.Version(), runtime.GOROOT())",
        "fmt", "runtime", "runtime/debug"),
    "where it is": main('_, file, line, _ := runtime.Caller(0)\nfmt.Println(file, line)', "fmt", "runtime"),
    "a panic": 'package main\n\nfunc f(i int) { panic("p") }\n\nfunc main() {\n\tf(1)\n}\n',
    "a panic in another goroutine": main("go func() { var m map[int]int; m[1] = 2 }()\nselect {}"),
    "a deadlock": main("<-make(chan int)"),
    "a log with its place": main("log.SetFlags(log.Lshortfile)\nlog.Fatal(1)", "log"),
    "another name": {"solution.v1.go": HELLO},
    "a name with a space": {"my program.go": HELLO},
    "of another system": {"main_windows.go": HELLO},
    "line directive": "package main\n\nfunc main() {\n//line other.go:70\n\tpanic(1)\n}\n",
    "much that it imports": main(
        "fmt.Println(json.Valid(nil), http.StatusOK, big.NewInt(3), sort.SearchInts(nil, 1), template.New(`a`).Name(), flag.Arg(0))",
        "encoding/json", "flag", "fmt", "html/template", "math/big", "net/http", "sort"),
    "time zones inside": 'package main\n\nimport (\n\t"time"\n\t_ "time/tzdata"\n)\n\nfunc main() {\n'
                         '\tz, err := time.LoadLocation("Asia/Tokyo")\n\tprintln(z.String(), err == nil)\n}\n',
    "generic": "package main\n\nfunc most[T int | string](a, b T) T {\n\tif a > b {\n\t\treturn a\n\t}\n\treturn b\n}\n\n"
               'func main() { println(most(1, 2), most("a", "b")) }\n',
    "large": "package main\n\n" + LINES + "\nfunc main() { println(f7(6)) }\n",
    "a file beside": {"main.go": main('b, _ := os.ReadFile("a.txt")\nprintln(len(b), string(b))', "os"), "a.txt": "text\n"},
    "a C file beside": {"main.go": HELLO, "a.c": "int x;\n", "a.h": ""},
}
# go has its say.
ASKED = {
    "a constraint": "//go:build ignore\n\n" + HELLO,
    "a constraint of a version": "//go:build go1.20\n\n" + main(
        "var all []func()\nfor i := 0; i < 3; i++ { all = append(all, func() { println(i) }) }\nfor _, f := range all { f() }"),
    "a constraint that is none": "//go:build (\n\n" + HELLO,
    "an indented constraint": "\t//go:build a/b\r\n\r\n" + HELLO,
    "two constraints": "//go:build linux\n//go:build linux\n\n" + HELLO,
    "only a binary": "//go:binary-only-package\n\n" + HELLO,
    "embedded after a tab": 'package main\n\nimport _ "embed"\n\n//go:embed\tnope\nvar a string\n\nfunc main() { print(a) }\n',
    "a type error": main("var x int = `a`"),
    "unused": 'package main\n\nimport "os"\n\nfunc main() {\n\tx := 1\n}\n',
    "a syntax error": "package main\n\nfunc main( {\n}\n",
    "many errors": main("".join(f"\tx{i}()\n" for i in range(40))),
    "nothing": "",
    "no package": "func main() {}\n",
    "another package": "package other\n\nfunc main() {}\n",
    "documentation": "package documentation\n\nfunc main() {}\n",
    "no main": "package main\n\nfunc other() {}\n",
    "internal": main("abi.FuncPCABI0(main)", "internal/abi"),
    "vendored": main("_ = cpu.CacheLinePad{}", "golang.org/x/sys/cpu"),
    "nonsuch": main("nonsuch.F()", "nonsuch"),
    "far": main("away.F()", "example.org/far/away"),
    "near": main("near.F()", "./near"),
    "an absolute import": main("a.F()", "/box/a"),
    "C": "package main\n\n// int x = 3;\nimport \"C\"\n\nfunc main() { println(C.x) }\n",
    "embedded": {"main.go": 'package main\n\nimport _ "embed"\n\n//go:embed a.txt\nvar a string\n\nfunc main() { print(a) }\n',
                 "a.txt": "text\n"},
    "embedded without embed": 'package main\n\n//go:embed main.go\nvar a string\n\nfunc main() { print(a) }\n',
    "embedded and not there": 'package main\n\nimport _ "embed"\n\n//go:embed b.txt\nvar a string\n\nfunc main() { print(a) }\n',
    "settings of its time": "//go:debug panicnil=1\n" + main("defer func() { println(recover() == nil) }()\npanic(nil)"),
    "settings that are none": "//go:debug nonsuch=1\n" + HELLO,
    "a body is missing": "package main\n\nfunc f()\n\nfunc main() { f() }\n",
    "a name of the runtime's": 'package main\n\nimport _ "unsafe"\n\n//go:linkname f runtime.nonsuch\nfunc f()\n\nfunc main() { f() }\n',
    "a flag for the linker": "package main\n\n//go:cgo_ldflag \"-x\"\nfunc main() {}\n",
    "no text": {"main.go": b'package main\n\nfunc main() { println("\xe4") }\n'},
    "a NUL byte": {"main.go": b"package main\n\nfunc main() {} // \0\n"},
    "a test": {"main_test.go": HELLO},
    "in a folder": {"a/main.go": main("panic(1)")},
    "a module": {"main.go": HELLO, "go.mod": "module m\n\ngo 1.20\n"},
    "a bad module": {"main.go": HELLO, "go.mod": "nonsense\n"},
    "a workspace": {"main.go": HELLO, "go.work": "go 1.20\n"},
    "no profile": {"main.go": HELLO, "default.pgo": "nonsense\n"},
    "an empty profile": {"main.go": main("found, _ := debug.ReadBuildInfo()\nprintln(found.String())", "runtime/debug"), "default.pgo": ""},
    "something in its place": {"main.go": HELLO, "a.out": "text\n"},
}


@pytest.fixture(scope="module", name="folders")
def fixture_folders(prepared, tmp_path_factory):
    """As it comes, and where only go itself builds."""
    if shutil.which("go", path=PATH) is None:
        cannot("needs go")
    made = {"own": prepared, "go": tmp_path_factory.mktemp("go")}
    made["go"].rmdir()
    subprocess.run(["cp", "-al", prepared, made["go"]], check=True)
    script, = made["go"].glob("go-*/build")
    script.unlink()
    script.write_text('go=$1 file=$2\nshift 2\nexec "$go" build -o a.out "$@" "$file"\n')
    script.chmod(0o644)
    return made


@contextlib.contextmanager
def serving(folders, **env):
    both = {name: Server("--prepare-dir", str(folder), "--pool", "0", env={"BELLJAR_CACHE_BYTES": "0", **env})
            for name, folder in folders.items()}
    yield both
    for one in both.values():
        code, log = one.stop()
        assert code == 0, log


@pytest.fixture(scope="module", name="servers")
def fixture_servers(folders):
    with serving(folders) as both:
        yield both


def build(server, program, env=None, **compiling):
    """What was seen of both stages, and what was made."""
    files = program if isinstance(program, dict) else {"main.go": program}
    answer = native.create(server, {
        "language": "go", "wait": True, "artifacts": ["*"], "compile": compiling, "env": env or {},
        "files": [{"path": path, "content": encode(text), "encoding": "base64"} for path, text in files.items()]})
    assert answer.status == 200, answer
    found = answer.json()
    seen = [{key: RANDOM.sub("RANDOM", str(found[stage][key])) for key in COMPARED} if found[stage] else None
            for stage in ("compile", "run")]
    made = {one["path"]: base64.b64decode(one["content"]) if one["encoding"] == "base64" else one["content"]
            for one in found["artifacts"]}
    return [*seen, sorted(made)], made.get("a.out")


@pytest.mark.parametrize("name", OWN)
def test_what_is_built_without_go_is_the_same(servers, name):
    by_go, made_by_go = build(servers["go"], OWN[name])
    assert by_go[0]["verdict"] == "ok" and BUILD_ID in made_by_go, by_go
    own, made = build(servers["own"], OWN[name])
    assert own == by_go
    assert BUILD_ID not in made, "go was asked"


@pytest.mark.parametrize("name", ASKED)
def test_go_is_asked_for_all_else(servers, name):
    by_go, made_by_go = build(servers["go"], ASKED[name])
    own, made = build(servers["own"], ASKED[name])
    assert own == by_go
    assert made == made_by_go


@pytest.mark.parametrize("name", ["_main.go", ".go", "_cgo_x.go", "$x.go", " x.go", "+a.go", "(x).go", "=x.go", "é.go", "-x.go"])
def test_names_are_gos_to_judge(servers, name):
    assert build(servers["own"], {name: HELLO}) == build(servers["go"], {name: HELLO})


@pytest.mark.parametrize("name, value", [
    ("GOTMPDIR", "/nonexistent"), ("TMPDIR", "/nonexistent"), ("GOARCH", "386"), ("GOAMD64", "v9"), ("GODEBUG", "nonsuch=1"),
    ("GOROOT", "/nonexistent"), ("GO111MODULE", "off"), ("GOCACHEPROG", "/nonexistent"), ("GOENV", "/nonexistent")])
def test_the_environment_is_gos_to_judge(servers, name, value):
    assert build(servers["own"], HELLO, env={name: value}) == build(servers["go"], HELLO, env={name: value})


@pytest.mark.parametrize("option", ["-ldflags=-s", "-race", "-tags=a", "-v", "-nonsuch", "-ldflags=-X main.a=b"])
def test_options_are_gos(servers, option):
    assert build(servers["own"], HELLO, args=[option]) == build(servers["go"], HELLO, args=[option])


def test_what_failed_half_way_is_in_nobodys_way(folders):
    """The disk has room for what is compiled, not for what is linked."""
    with serving(folders, BELLJAR_LIMITS_DISK_BYTES="1500000") as servers:
        by_go, made_by_go = build(servers["go"], HELLO)
        assert by_go[0]["verdict"] != "ok" and made_by_go is None
        assert build(servers["own"], HELLO) == (by_go, None)
