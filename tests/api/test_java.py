# SPDX-License-Identifier: Apache-2.0
"""One file of Java is compiled by a tool of our own once it is prepared, and behaves as with `java FILE`, which it is
compared with: stdout, stderr and exit status of the compile stage and the run together."""
import pathlib
import re
import subprocess

import pytest

from support import native
from support.native import encode
from support.prepared import prepare
from support.raw import ask, wait_until
from support.server import Server, cannot

JAVA = "/usr/bin/java"
HELLO = 'public class Main {\n    public static void main(String[] args) {\n        System.out.println("Hello");\n    }\n}\n'

# name: (the file's name, its text)
PROGRAMS = {
    "hello": ("Main.java", HELLO),
    "another name than its class": ("solution.v1.java", HELLO),
    "arguments": ("a.java", "class A { public static void main(String... a) { System.out.println(String.join(\"|\", a)); } }"),
    "first class is the program": ("Main.java", "class First { public static void main(String[] a) { System.out.println(1); } }\n"
                                   "class Main { public static void main(String[] a) { System.out.println(2); } }"),
    "first class has no main": ("Main.java", "class First { }\nclass Main { public static void main(String[] a) { } }"),
    "main is not public": ("Main.java", "class Main { static void main(String[] a) { } }"),
    "main returns a number": ("Main.java", "class Main { public static int main(String[] a) { return 3; } }"),
    "main is inherited": ("Main.java", "class Main extends Base { }\nclass Base { public static void main(String[] a) { } }"),
    "no class": ("Main.java", "// nothing\n"),
    "syntax": ("Main.java", "public class Main {\n    int x = ;\n}\n"),
    "types": ("x.java", "public class Main {\n    int x = \"1\";\n    Foo y;\n}\n"),
    "notes": ("Main.java", "import java.util.*;\nclass Main { public static void main(String[] a) { List l = new ArrayList(); l.add(1); } }"),
    "package": ("Main.java", "package a.b;\nclass Main { public static void main(String[] a) { System.out.println(Main.class.getName()); } }"),
    "public class in a package": ("Main.java", "package a.b;\npublic class Main { public static void main(String[] a) throws Exception {"
                                  " throw new Exception(\"seen\"); } }"),
    "final": ("Main.java", "final class Main { public static void main(String[] a) { System.out.println(Main.class); } }"),
    "final that throws": ("Main.java", "final class Main { public static void main(String[] a) { new int[0][1]++; } }"),
    "enum": ("Main.java", "enum Colour { RED; public static void main(String[] a) { System.out.println(RED); } }"),
    "interface": ("Main.java", "interface Main { static void main(String[] a) { System.out.println(Main.class); } }"),
    "abstract": ("Main.java", "abstract class Main { public static void main(String[] a) { System.out.println(Main.class); } }"),
    "generic": ("Main.java", "class Main<T> { public static void main(String[] a) { System.out.println(Main.class); } }"),
    "private constructor": ("Main.java", "class Main { private Main(int x) { } public static void main(String[] a) { System.out.println(1); } }"),
    "exit status": ("Main.java", "class Main { public static void main(String[] a) { System.exit(7); } }"),
    "exception": ("Main.java", "class Main {\n    public static void main(String[] a) {\n        f();\n    }\n"
                  "    static void f() {\n        throw new IllegalStateException(\"boo\");\n    }\n}\n"),
    "exception in a lambda": ("Main.java", "class Main { public static void main(String[] a) {"
                              " Runnable r = () -> { throw new IllegalStateException(); }; r.run(); } }"),
    "stack overflow": ("Main.java", "class Main { static int f(int i) { return f(i + 1) + 1; } public static void main(String[] a) {"
                       " try { f(0); } catch (StackOverflowError e) { System.out.println(e.getClass()); } } }"),
    "names beyond ASCII": ("Main.java", "class Größe { public static void main(String[] a) { System.out.println(\"ü \" + Größe.class); } }"),
    "bytes that are no UTF-8": ("Main.java", b"class Main { public static void main(String[] a) { System.out.println(\"\xff\".length()); } }"),
    "inner classes": ("Main.java", "class Main { class In { } public static void main(String[] a) {"
                      " System.out.println(new Main().new In().getClass() + \" \" + new Object() { }.getClass()); } }"),
    "threads": ("Main.java", "class Main { public static void main(String[] a) throws Exception {"
                " Thread t = new Thread(() -> System.out.println(Thread.currentThread().getName())); t.start(); t.join();"
                " System.out.println(Thread.currentThread()); } }"),
    "input": ("Main.java", "class Main { public static void main(String[] a) { System.out.println(new java.util.Scanner(System.in).nextLine()); } }"),
    "class path": ("Main.java", "class Main { public static void main(String[] a) { System.out.println(System.getProperty(\"java.class.path\")); } }"),
}
INPUT = "a line\n"


def content(text):
    return text if isinstance(text, bytes) else text.encode()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    if not pathlib.Path(JAVA).exists():
        cannot("there is no Java")
    folder = tmp_path_factory.mktemp("prepared")
    folder.chmod(0o755)
    assert "java-tool-" in prepare(folder, "java-")
    one = Server("--log-level", "info", "--prepare-dir", str(folder), env={"BELLJAR_POOL_IDLE_MS": "60000"})
    yield one
    code, log = one.stop()
    assert code == 0, log


def run(server, name, text, **more):
    file = {"path": name, "content": encode(content(text)), "encoding": "base64"}
    answer = native.create(server, {"language": "java", "files": [file], "wait": True, **more})
    assert answer.status == 200, answer
    return answer.json()


def told(execution):
    """(exit status, stdout, stderr) of both stages together, as of one program."""
    stages = [execution[stage] for stage in ("compile", "run") if execution[stage]]
    return stages[-1]["exit_code"], "".join(s["stdout"] for s in stages), "".join(s["stderr"] for s in stages)


def launched(tmp_path, name, text):
    """The same of `java FILE`, outside of any box."""
    (tmp_path / name).write_bytes(content(text))
    done = subprocess.run([JAVA, name, "x", "y z"], cwd=tmp_path, input=INPUT.encode(), capture_output=True,
                          env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("name", PROGRAMS)
def test_behaves_as_the_source_launcher(prepared, tmp_path, name):
    file, text = PROGRAMS[name]
    found = run(prepared, file, text, args=["x", "y z"], stdin=INPUT)
    assert found["compile"] is not None, "it is not prepared"
    assert told(found) == launched(tmp_path, file, text)


def test_control_what_differs_is_seen(prepared, tmp_path):
    """The launcher has its program in a class loader of its own."""
    text = "class Main { public static void main(String[] a) { System.out.println(Main.class.getClassLoader().getClass()); } }"
    assert told(run(prepared, "Main.java", text)) != launched(tmp_path, "Main.java", text)


def test_frames_of_the_launcher_are_not_there(prepared):
    text = "class Main { static int x = 1 / 0; public static void main(String[] a) { } }"
    code, _, stderr = told(run(prepared, "Main.java", text))
    assert code == 1 and "at Main.<clinit>(Main.java:1)" in stderr and "launcher" not in stderr


def test_compile_error_is_the_verdict(prepared):
    found = run(prepared, "Main.java", "class Main {")
    assert found["verdict"] == "compile_error" and found["run"] is None
    assert found["compile"]["stderr"].endswith("error: compilation failed\n")


def test_options_reach_the_compiler_and_not_its_launcher(prepared):
    text = "import java.util.*;\nclass Main { public static void main(String[] a) { List l = new ArrayList(); l.add(1); } }"
    found = run(prepared, "Main.java", text, compile={"args": ["-Xlint:unchecked", "-J-Xmx200m"]})
    assert found["verdict"] == "ok" and "[unchecked]" in found["compile"]["stderr"]


def test_program_finds_its_classes_and_one_more(prepared):
    text = ("class Main { static class In { } public static void main(String[] a) {"
            " for (String s : new java.util.TreeSet<>(java.util.Arrays.asList(new java.io.File(\".\").list()))) System.out.println(s); } }")
    assert run(prepared, "Main.java", text)["run"]["stdout"].split() == [
        "Main$In.class", "Main.class", "Main.java", "belljar_main.class"]


def test_archives_are_used(prepared):
    """A JVM that cannot use its archive goes on without, and nobody would notice."""
    text = ("class Main { public static void main(String[] a) throws Exception { for (String l : java.nio.file.Files.readAllLines("
            "java.nio.file.Path.of(\"/proc/self/maps\"))) if (l.endsWith(\".jsa\")) System.out.println(l.split(\" +\")[5]); } }")
    paths = set(run(prepared, "Main.java", text)["run"]["stdout"].split())
    assert len(paths) == 1 and paths.pop().endswith("/java.jsa")


def test_several_files_are_compiled_under_their_names(prepared):
    files = [{"path": "Main.java", "content": "public class Main { public static void main(String[] a) { Other.say(); } }"},
             {"path": "Other.java", "content": "public class Other { static void say() { System.out.println(\"other\"); } }"}]
    found = native.create(prepared, {"language": "java", "files": files, "wait": True}).json()
    assert found["run"]["stdout"] == "other\n"


def test_judge0s_java_has_its_name(prepared):
    """The class Main is the program there, wherever in the file it is."""
    text = "class First { }\nclass Main { public static void main(String[] a) { System.out.println(\"main\"); } }"
    found = native.create(prepared, {"language": "java-compiled", "files": [{"path": "Main.java", "content": text}], "wait": True}).json()
    assert found["run"]["stdout"] == "main\n"


def test_pistons_clients_find_a_compile_error_in_run_too(prepared):
    status, body = prepared.execute("java", "class Main {")
    assert status == 200 and "compile" not in body
    assert body["run"]["code"] == 1 and "error: compilation failed" in body["run"]["stderr"]


def test_pistons_clients_see_one_stage(prepared):
    text = ("import java.util.*; class Main { public static void main(String[] a) {"
            " List l = new ArrayList(); l.add(1); System.out.println(l); System.err.println(\"end\"); } }")
    status, body = prepared.execute("java", text)
    assert status == 200 and set(body) == {"run", "language", "version"}
    assert body["run"]["stdout"] == "[1]\n" and body["run"]["code"] == 0
    assert "[unchecked]" not in body["run"]["stdout"]
    assert body["run"]["stderr"].endswith("end\n")
    assert body["run"]["output"].endswith("end\n")


def warm_claims(server):
    text = ask(server, "GET", "/metrics").body.decode()
    found = re.search(r'^belljar_spare_boxes_claimed_total\{kind="warm"\} (\d+)', text, re.M)
    return int(found.group(1)) if found else 0


def test_a_compiler_that_was_started_ahead_says_the_same(prepared):
    """Its source is new each time, so that nothing comes from the cache."""
    numbers = iter(range(1000))

    def is_warm():
        before = warm_claims(prepared)
        number = next(numbers)
        found = run(prepared, "Main.java", HELLO.replace("Hello", f"Hello {number}"))
        assert told(found) == (0, f"Hello {number}\n", "")
        return warm_claims(prepared) == before + 2  # of the compiler, and of the program
    assert wait_until(is_warm, 60), "none was started ahead"
    found = run(prepared, "Main.java", "class Main {")
    assert told(found) == (1, "", "Main.java:1: error: reached end of file while parsing\nclass Main {\n            ^\n"
                           "1 error\nerror: compilation failed\n")


def test_without_what_is_prepared_it_is_the_launcher(tmp_path, start):
    empty = tmp_path / "none"
    empty.mkdir(mode=0o755)
    server = start("--prepare-dir", str(empty))
    found = run(server, "x.java", PROGRAMS["types"][1])
    assert found["compile"] is None and found["verdict"] == "nonzero_exit"
    assert found["run"]["stderr"].endswith("error: compilation failed\n")
