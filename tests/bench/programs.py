# SPDX-License-Identifier: Apache-2.0
"""What everybody runs: the same programs, by the same tools, with the same flags as belljar's recipes."""
import dataclasses
import shutil

MARK = "@@@@@@@@"  # load.c writes over it, where a program must be a new one
GO = shutil.which("go") or "/usr/local/go/bin/go"
JVM = ["-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xms64m"]


@dataclasses.dataclass
class Program:
    language: str       # belljar's name of it
    file: str
    source: str
    run: list           # the command, below the folder that holds it
    compile: list = None
    expect: str = "Hello"
    piston: str = ""    # Piston's name, where it is another

    @property
    def tool(self):
        return (self.compile or self.run)[0]

    def fresh(self):
        """With a place that changes from run to run."""
        comment = "// " + MARK + "\n" if not self.file.endswith((".sh", ".py")) else "# " + MARK + "\n"
        return dataclasses.replace(self, source=self.source + comment)


def c_like(language, file, tool, standard, source, expect="Hello"):
    kind = "c" if file.endswith(".c") else "c++"
    return Program(language, file, source, ["./a.out"], expect=expect,
                   compile=[tool, standard, "-O2", "-pipe", "-o", "a.out", "-x", kind, file, "-x", "none", "-lm"])


PROGRAMS = {
    "c": c_like("c", "main.c", "/usr/bin/gcc", "-std=gnu17", "int main(){}\n", expect=""),
    "bash": Program("bash", "hello.sh", "echo Hello\n", ["/usr/bin/bash", "hello.sh"]),
    "python": Program("python", "hello.py", "print('Hello')\n", ["/usr/bin/python3", "hello.py"]),
    "node": Program("javascript", "hello.js", "console.log('Hello')\n", ["/usr/bin/node", "hello.js"], piston="node"),
    "c hello": c_like("c", "main.c", "/usr/bin/gcc", "-std=gnu17",
                      '#include <stdio.h>\nint main(void)\n{\n    puts("Hello");\n    return 0;\n}\n'),
    "c++ bits": c_like("c++", "main.cpp", "/usr/bin/g++", "-std=gnu++17",
                       '#include <bits/stdc++.h>\nint main()\n{\n    std::cout << "Hello\\n";\n}\n'),
    "java": Program("java", "Main.java",
                    'public class Main {\n    public static void main(String[] args) {\n'
                    '        System.out.println("Hello");\n    }\n}\n',
                    ["/usr/bin/java", "-cp", ".", "Main"], compile=["/usr/bin/javac", "Main.java"]),
    "go": Program("go", "main.go", 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("Hello")\n}\n',
                  ["./a.out"], compile=[GO, "build", "-o", "a.out", "main.go"]),
}
