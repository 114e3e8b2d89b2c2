/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and aliases are Piston's where Piston has the language; `package` is set where its package
 * provides several languages.
 *
 * Not here, and why: nasm's 32-bit form (the system call filter ends foreign architectures), .NET
 * (restores packages from a network), what needs a terminal or a display.
 */
#include "runtimes/host_recipes.h"

#include "base/cleanup.h"
#include "runtimes/host_preparations.h"
#include "runtimes/host_view.h"
#include "runtimes/java_preparations.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

#define C_HEADERS LIST(".h", ".hh", ".hpp", ".hxx", ".h++", ".inc", ".inl", ".ipp", ".tpp")
#define C_LIBRARY LIST("/usr/include/stdio.h")

/* As a system directory: what a program brings itself is found before. */
#define PRECOMPILED_HEADERS "-isystem{base}", "-isystem{prepared}"

/* clang takes the time of its file from before it opens it. */
#define CLANG_TELLS_WHEN LIST("__TIMESTAMP__")

#define GOOGLE_TEST "-x", "none", "-lgtest", "-lgtest_main", "-pthread"
#define GOOGLE_TEST_HELLO                                                                          \
    "#include <gtest/gtest.h>\n#include <iostream>\n\n"                                            \
    "TEST(Hello, World)\n{\n    std::cout << \"Hello, World!\\n\";\n}\n"

/*
 * A JVM for a small box.  The second compiler stays on: programs that compute gain more than a
 * start costs.  In a box it sees the host's memory; a heap that starts with a part of that is not
 * swept before it has passed the box's limit.
 */
#define JVM "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xms64m"
/* javac and its kind live shortly. */
#define JVM_SHORT "-J-XX:+UseSerialGC", "-J-XX:TieredStopAtLevel=1", "-J-Xms64m"

#define SCALA_ARCHIVE "-J-XX:SharedArchiveFile={prepared}/tool.jsa"

#define JAVAC_OPTIONS "-proc:none", "-encoding", "UTF-8", "-d", "."
#define JAVA_COMPILE  LIST("javac", JVM_SHORT, JAVAC_OPTIONS, "{sources}")
#define JAVA_RUN      LIST("{tool}", JVM, "-cp", ".", "{stem}", "{args}")

/* With the tool and the archives of java_preparations.c. */
#define JAVA_TOOL                                                                                  \
    "{tool}", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-Xms64m",        \
        "-XX:SharedArchiveFile={prepared}/javac.jsa", "-cp", "{base}/java.jar"
#define JAVA_COMPILE_PREPARED                                                                      \
    LIST(JAVA_TOOL, "belljar.Javac", "{main}", JAVAC_OPTIONS, "{compile_args}", "{sources}")
#define JAVA_RUN_PREPARED(main)                                                                    \
    LIST("{tool}", JVM, "-XX:SharedArchiveFile={prepared}/java.jsa", "-cp", ".", main, "{args}")
#define JAVA_TELLS_ITS_AGE LIST("java.lang.management", "ProcessHandle")
#define JAVA_HELLO                                                                                 \
    "public class Main {\n    public static void main(String[] args) {\n"                          \
    "        System.out.println(\"Hello, World!\");\n    }\n}\n"

/*
 * How a program can ask for the time since its interpreter began (warm_unless).  )T is of bash's
 * printf; a shell counts SECONDS.  Perl's -M, -A and -C are a file's age at that time.  A node that
 * runs a file also looks for a package.json above it, before it opens it (warm_alone).
 */
#define SINCE_SHELL_BEGAN LIST("SECONDS", ")T")
#define SINCE_PERL_BEGAN  LIST("$^T", "${^T", "BASETIME", "-M", "-A", "-C")
#define SINCE_NODE_BEGAN  LIST("erformance", "perf_hooks", "uptime")

/* What luac -p does, with the Lua that will run the program. */
static const char lua_check[] =
    "MAIN=$2 exec \"$1\" -e 'local f, e = loadfile(os.getenv(\"MAIN\")) "
    "if not f then io.stderr:write(\"luac: \", e, \"\\n\") os.exit(1) end'";

/* escript skips the first line of its file, which is the program's in ours. */
static const char escript[] =
    "{ echo; cat \"$1\"; } >/tmp/main.escript && shift && exec escript /tmp/main.escript \"$@\"";

/*
 * The crate's name would come from the file's, which may be no name for a crate.  An edition may
 * be given only once.
 */
static const char rust[] =
    "tool=$1; shift; case \" $* \" in *' --edition'*) ;; *) set -- --edition 2021 \"$@\" ;; "
    "esac; "
    "exec \"$tool\" --crate-name main -C opt-level=2 -C strip=debuginfo -o a.out \"$@\"";

/* gcc's own Objective-C lacks half the language; clang takes the header files of gcc's runtime. */
static const char objective_c[] =
    "tool=$1; shift; exec \"$tool\" -x objective-c -O2 -DGNUSTEP -DGNUSTEP_BASE_LIBRARY=1 "
    "-DGNU_RUNTIME=1 -D_NATIVE_OBJC_EXCEPTIONS -fexceptions -fobjc-exceptions -pthread "
    "-fconstant-string-class=NSConstantString -I/usr/include/GNUstep "
    "-I\"$(gcc -print-file-name=include)\" -o a.out \"$@\" -lgnustep-base -lobjc -lm";

static const char nasm[] =
    "tool=$1; shift; \"$tool\" -f elf64 -o /tmp/main.o \"$@\" && exec ld -o a.out /tmp/main.o";

/* Packages beside the program need no go.mod; with one it is what counts. */
static const char go_many[] = "tool=$1; shift; export GO111MODULE=\"${GO111MODULE-auto}\"; "
                              "exec \"$tool\" build -o a.out \"$@\"";

/*
 * A module is compiled before those that use it: in OCaml's own order, in Fortran the main file
 * last.  For OCaml "--" ends the files, none of which begins with '-'.
 */
static const char ocaml_many[] =
    "set -f; tool=$1; shift; files=; "
    "while [ \"$1\" != -- ]; do files=\"$files$1\n\"; shift; done; shift; "
    "exec \"$tool\" \"$@\" -o a.out $(IFS='\n'; exec ocamldep -sort $files)";
static const char fortran_many[] =
    "tool=$1; main=$2; shift 2; exec \"$tool\" -O2 -o a.out \"$@\" \"$main\"";

/* Of rows with the same extension the first is the one that a file's name means. */
const struct host_recipe host_recipes[] = {
    /* --- shells ------------------------------------------------------------------------- */
    {
        .language = "bash",
        .aliases = LIST("sh"),
        .tools = LIST("bash"),
        .version_args = LIST("--version"),
        .extensions = LIST(".sh", ".bash"),
        .default_name = "main.sh",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .warm_unless = SINCE_SHELL_BEGAN,
        .hello = "echo 'Hello, World!'\n",
    },
    {
        .language = "dash",
        .aliases = LIST("dash"),
        .tools = LIST("dash"),
        .version_package = "dash",
        .extensions = LIST(".sh"),
        .default_name = "main.sh",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .hello = "echo 'Hello, World!'\n",
    },
    {
        .language = "zsh",
        .tools = LIST("zsh"),
        .version_args = LIST("--version"),
        .extensions = LIST(".zsh"),
        .default_name = "main.zsh",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .warm_unless = SINCE_SHELL_BEGAN,
        .hello = "print 'Hello, World!'\n",
    },
    {
        .language = "fish",
        .tools = LIST("fish"),
        .version_args = LIST("--version"),
        .extensions = LIST(".fish"),
        .default_name = "main.fish",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .hello = "echo 'Hello, World!'\n",
    },
    {
        .language = "tcsh",
        .tools = LIST("tcsh"),
        .version_args = LIST("--version"),
        .extensions = LIST(".tcsh", ".csh"),
        .default_name = "main.csh",
        .run = LIST("{tool}", "-f", "{main}", "{args}"),
        .hello = "echo 'Hello, World\\!'\n",
    },
    /* --- scripting languages ------------------------------------------------------------ */
    {
        .language = "python",
        .aliases = LIST("py", "py3", "python3", "python{x.y}"),
        .tools = LIST("python3", "python3.15", "python3.14", "python3.13", "python3.12",
                      "python3.11", "python3.10", "python3.9", "python3.8"),
        .version_args = LIST("--version"),
        .extensions = LIST(".py"),
        .default_name = "main.py",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .env = LIST("PYTHONDONTWRITEBYTECODE=1"),
        .hello = "print('Hello, World!')\n",
    },
    {
        .language = "python2",
        .aliases = LIST("py2", "python2"),
        .tools = LIST("python2", "python2.7"),
        .version_args = LIST("--version"),
        .extensions = LIST(".py"),
        .default_name = "main.py",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .env = LIST("PYTHONDONTWRITEBYTECODE=1", "PYTHONIOENCODING=utf-8"),
        .hello = "print 'Hello, World!'\n",
    },
    {
        .language = "pypy",
        .aliases = LIST("pypy3"),
        .tools = LIST("pypy3"),
        .version_args = LIST("--version"),
        .version_after = "[PyPy ",
        .extensions = LIST(".py"),
        .default_name = "main.py",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .env = LIST("PYTHONDONTWRITEBYTECODE=1"),
        .hello = "print('Hello, World!')\n",
    },
    {
        .language = "javascript",
        .aliases = LIST("node-javascript", "node-js", "javascript", "js"),
        .package = "node",
        .tools = LIST("node", "nodejs"),
        .version_args = LIST("--version"),
        .extensions = LIST(".js", ".mjs", ".cjs"),
        .default_name = "main.js",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .warm_alone = true,
        .warm_unless = SINCE_NODE_BEGAN,
        .hello = "console.log('Hello, World!');\n",
    },
    {
        .language = "typescript",
        .aliases = LIST("ts", "node-ts", "tsc", "typescript5", "ts5"),
        .tools = LIST("tsc"),
        .version_args = LIST("--version"),
        .extensions = LIST(".ts"),
        .headers = LIST(".d.ts"),
        .needs_extension = true,
        .default_name = "main.ts",
        .compile = LIST("{tool}", "--target", "es2022", "--module", "commonjs", "--skipLibCheck",
                        "{compile_args}", "{sources}"),
        .run = LIST("node", "{stem}.js", "{args}"),
        .warm = "{stem}.js",
        .warm_alone = true,
        .warm_unless = SINCE_NODE_BEGAN,
        .hello = "const text: string = 'Hello, World!';\nconsole.log(text);\n",
    },
    {
        /* Node takes the types out itself and checks nothing: second best where there is no tsc. */
        .language = "typescript",
        .aliases = LIST("ts", "node-ts"),
        .package = "node",
        .tools = LIST("node", "nodejs"),
        .unless = "tsc",
        .only = ">=22.18.0 <23 || >=23.6.0",
        .version_args = LIST("--version"),
        .extensions = LIST(".ts", ".mts", ".cts"),
        .needs_extension = true,
        .default_name = "main.ts",
        .run = LIST("{tool}", "--no-warnings", "{main}", "{args}"),
        .hello = "const text: string = 'Hello, World!';\nconsole.log(text);\n",
    },
    {
        .language = "typescript",
        .aliases = LIST("deno-ts", "deno"),
        .package = "deno",
        .tools = LIST("deno"),
        .version_args = LIST("--version"),
        .extensions = LIST(".ts"),
        .needs_extension = true,
        .default_name = "main.ts",
        .run = LIST("{tool}", "run", "--no-prompt", "--cached-only", "--quiet", "{main}", "{args}"),
        .env = LIST("DENO_DIR=/tmp/deno", "DENO_NO_UPDATE_CHECK=1"),
        .hello = "const text: string = 'Hello, World!';\nconsole.log(text);\n",
    },
    {
        .language = "javascript",
        .aliases = LIST("deno-js"),
        .package = "deno",
        .tools = LIST("deno"),
        .version_args = LIST("--version"),
        .extensions = LIST(".js", ".mjs"),
        .needs_extension = true,
        .default_name = "main.js",
        .run = LIST("{tool}", "run", "--no-prompt", "--cached-only", "--quiet", "{main}", "{args}"),
        .env = LIST("DENO_DIR=/tmp/deno", "DENO_NO_UPDATE_CHECK=1"),
        .hello = "console.log('Hello, World!');\n",
    },
    {
        .language = "bun",
        .aliases = LIST("bun-js", "bun-ts"),
        .tools = LIST("bun"),
        .version_args = LIST("--version"),
        .extensions = LIST(".ts", ".js", ".tsx", ".jsx", ".mjs"),
        .needs_extension = true,
        .default_name = "main.ts",
        .run = LIST("{tool}", "run", "{main}", "{args}"),
        .env = LIST("BUN_RUNTIME_TRANSPILER_CACHE_PATH=0"),
        .hello = "const text: string = 'Hello, World!';\nconsole.log(text);\n",
    },
    {
        .language = "coffeescript",
        .aliases = LIST("coffeescript", "coffee"),
        .tools = LIST("coffee"),
        .version_args = LIST("--version"),
        .extensions = LIST(".coffee"),
        .needs_extension = true,
        .default_name = "main.coffee",
        .run = LIST("{tool}", "{main}", "{args}"),
        .hello = "console.log 'Hello, World!'\n",
    },
    {
        .language = "perl",
        .aliases = LIST("perl", "pl"),
        .tools = LIST("perl"),
        .version_args = LIST("-e", "print $^V"),
        .extensions = LIST(".pl", ".pm"),
        .default_name = "main.pl",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .warm_unless = SINCE_PERL_BEGAN,
        .hello = "print \"Hello, World!\\n\";\n",
    },
    {
        .language = "ruby",
        .aliases = LIST("ruby", "rb", "ruby3"),
        .tools = LIST("ruby", "ruby3.4", "ruby3.3", "ruby3.2", "ruby3.1", "ruby3.0", "ruby2.7"),
        .version_args = LIST("--version"),
        .extensions = LIST(".rb"),
        .default_name = "main.rb",
        .run = LIST("{tool}", "{main}", "{args}"),
        .hello = "puts 'Hello, World!'\n",
    },
    {
        .language = "php",
        .aliases = LIST("php8", "html"),
        .tools = LIST("php", "php8.4", "php8.3", "php8.2", "php8.1", "php8.0", "php7.4"),
        .version_args = LIST("--version"),
        .extensions = LIST(".php"),
        .default_name = "main.php",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .hello = "<?php\necho \"Hello, World!\\n\";\n",
    },
    {
        .language = "lua",
        .aliases = LIST("lua"),
        .tools = LIST("lua", "lua5.4", "lua5.3", "lua5.2", "lua5.1"),
        .version_args = LIST("-v"),
        .extensions = LIST(".lua"),
        .default_name = "main.lua",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .hello = "print('Hello, World!')\n",
    },
    {
        /* Syntax errors are told by a compile stage. */
        .language = "lua-compiled",
        .unlisted = true,
        .tools = LIST("lua", "lua5.4", "lua5.3", "lua5.2", "lua5.1"),
        .version_args = LIST("-v"),
        .extensions = LIST(".lua"),
        .default_name = "main.lua",
        .compile = LIST("sh", "-c", lua_check, "sh", "{tool}", "{main}", "{compile_args}"),
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .hello = "print('Hello, World!')\n",
    },
    {
        .language = "luajit",
        .tools = LIST("luajit"),
        .version_args = LIST("-v"),
        .extensions = LIST(".lua"),
        .default_name = "main.lua",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .hello = "print('Hello, World!')\n",
    },
    {
        .language = "tcl",
        .aliases = LIST("tclsh"),
        .tools = LIST("tclsh"),
        .version_args = LIST("-"),
        .version_input = "puts [info patchlevel]\n",
        .extensions = LIST(".tcl"),
        .default_name = "main.tcl",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .hello = "puts {Hello, World!}\n",
    },
    {
        .language = "expect",
        .tools = LIST("expect"),
        .version_args = LIST("-v"),
        .extensions = LIST(".exp"),
        .default_name = "main.exp",
        .run = LIST("{tool}", "-n", "-N", "{main}", "{args}"),
        .hello = "send_user \"Hello, World!\\n\"\n",
    },
    {
        .language = "raku",
        .aliases = LIST("raku", "rakudo", "perl6", "p6", "pl6"),
        .tools = LIST("raku", "perl6"),
        .version_args = LIST("--version"),
        .version_after = "Rakudo",
        .extensions = LIST(".raku", ".p6", ".rakumod"),
        .default_name = "main.raku",
        .run = LIST("{tool}", "{main}", "{args}"),
        .hello = "say 'Hello, World!';\n",
    },
    {
        .language = "pike",
        .tools = LIST("pike", "pike8.0"),
        .version_args = LIST("--version"),
        .extensions = LIST(".pike"),
        .default_name = "main.pike",
        .run = LIST("{tool}", "{main}", "{args}"),
        .hello = "int main() {\n  write(\"Hello, World!\\n\");\n  return 0;\n}\n",
    },
    {
        .language = "powershell",
        .aliases = LIST("ps", "pwsh", "ps1"),
        .package = "pwsh",
        .tools = LIST("pwsh"),
        .version_args = LIST("--version"),
        .extensions = LIST(".ps1"),
        .needs_extension = true,
        .default_name = "main.ps1",
        .run =
            LIST("{tool}", "-NoLogo", "-NoProfile", "-NonInteractive", "-File", "{main}", "{args}"),
        .env = LIST("POWERSHELL_TELEMETRY_OPTOUT=1", "POWERSHELL_UPDATECHECK=Off"),
        .hello = "Write-Output 'Hello, World!'\n",
    },
    /* --- compiled to machine code ------------------------------------------------------- */
    {
        /* By -x, not by name: a file may be called as its sender likes. */
        .language = "c",
        .aliases = LIST("gcc"),
        .package = "gcc",
        .tools = LIST("gcc", "gcc-15", "gcc-14", "gcc-13", "gcc-12", "gcc-11", "gcc-10", "gcc-9"),
        .needs = C_LIBRARY,
        .version_args = LIST("-dumpfullversion", "-dumpversion"),
        .extensions = LIST(".c"),
        .headers = C_HEADERS,
        .default_name = "main.c",
        .compile = LIST("{tool}", "-std=gnu17", "-O2", "-pipe", "-o", "a.out", "-x", "c",
                        "{sources}", "-x", "none", "{compile_args}", "-lm"),
        .compile_warm = "{main}",
        .run = LIST("./a.out", "{args}"),
        .hello = "#include <stdio.h>\n\nint main(void)\n{\n    puts(\"Hello, World!\");\n}\n",
    },
    {
        .language = "c++",
        .aliases = LIST("cpp", "g++"),
        .package = "gcc",
        .tools = LIST("g++", "g++-15", "g++-14", "g++-13", "g++-12", "g++-11", "g++-10", "g++-9"),
        .needs = C_LIBRARY,
        .version_args = LIST("-dumpfullversion", "-dumpversion"),
        .extensions = LIST(".cpp", ".cc", ".cxx", ".C", ".c++"),
        .headers = C_HEADERS,
        .default_name = "main.cpp",
        .compile = LIST("{tool}", "-std=gnu++17", "-O2", "-pipe", PRECOMPILED_HEADERS, "-o",
                        "a.out", "-x", "c++", "{sources}", "-x", "none", "{compile_args}", "-lm"),
        .prepare = &prepared_cpp,
        .compile_warm = "{main}",
        .run = LIST("./a.out", "{args}"),
        .hello =
            "#include <iostream>\n\nint main()\n{\n    std::cout << \"Hello, World!\\n\";\n}\n",
    },
    {
        .language = "fortran",
        .aliases = LIST("fortran", "f90"),
        .package = "gcc",
        .tools = LIST("gfortran"),
        .needs = C_LIBRARY,
        .version_args = LIST("-dumpfullversion", "-dumpversion"),
        .extensions = LIST(".f90", ".f95", ".f03", ".f08", ".f", ".for"),
        .needs_extension = true,
        .default_name = "main.f90",
        .compile = LIST("{tool}", "-O2", "-o", "a.out", "{sources}", "{compile_args}"),
        .compile_many =
            LIST("sh", "-c", fortran_many, "sh", "{tool}", "{sources}", "{compile_args}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "program hello\n  print '(a)', 'Hello, World!'\nend program\n",
    },
    {
        .language = "d",
        .aliases = LIST("gdc"),
        .package = "gcc",
        .tools = LIST("gdc"),
        .needs = C_LIBRARY,
        .version_args = LIST("-dumpfullversion", "-dumpversion"),
        .extensions = LIST(".d"),
        .headers = LIST(".di"),
        .needs_extension = true,
        .default_name = "main.d",
        .compile = LIST("{tool}", "-O2", "-o", "a.out", "{sources}", "{compile_args}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "import std.stdio;\n\nvoid main()\n{\n    writeln(\"Hello, World!\");\n}\n",
    },
    {
        .language = "d-ldc",
        .aliases = LIST("ldc"),
        .tools = LIST("ldc2"),
        .needs = LIST("/usr/include/stdio.h", "cc"),
        .version_args = LIST("--version"),
        .version_after = "(",
        .extensions = LIST(".d"),
        .headers = LIST(".di"),
        .needs_extension = true,
        .default_name = "main.d",
        .compile = LIST("{tool}", "-O2", "-of=a.out", "{sources}", "{compile_args}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "import std.stdio;\n\nvoid main()\n{\n    writeln(\"Hello, World!\");\n}\n",
    },
    {
        .language = "c-clang",
        .aliases = LIST("clang"),
        .tools = LIST("clang", "clang-22", "clang-21", "clang-20", "clang-19", "clang-18",
                      "clang-17", "clang-16", "clang-15", "clang-14"),
        .needs = C_LIBRARY,
        .version_args = LIST("-dumpversion"),
        .extensions = LIST(".c"),
        .headers = C_HEADERS,
        .default_name = "main.c",
        .compile = LIST("{tool}", "-std=gnu17", "-O2", "-o", "a.out", "-x", "c", "{sources}", "-x",
                        "none", "{compile_args}", "-lm"),
        .compile_warm = "{main}",
        .compile_warm_unless = CLANG_TELLS_WHEN,
        .run = LIST("./a.out", "{args}"),
        .hello = "#include <stdio.h>\n\nint main(void)\n{\n    puts(\"Hello, World!\");\n}\n",
    },
    {
        .language = "cpp-clang",
        .aliases = LIST("clang++"),
        .tools = LIST("clang++", "clang++-22", "clang++-21", "clang++-20", "clang++-19",
                      "clang++-18", "clang++-17", "clang++-16", "clang++-15", "clang++-14"),
        .needs = LIST("/usr/include/stdio.h", "/usr/include/c++"),
        .version_args = LIST("-dumpversion"),
        .extensions = LIST(".cpp", ".cc", ".cxx", ".C", ".c++"),
        .headers = C_HEADERS,
        .default_name = "main.cpp",
        .compile = LIST("{tool}", "-std=gnu++17", "-O2", "-o", "a.out", "-x", "c++", "{sources}",
                        "-x", "none", "{compile_args}", "-lm"),
        .compile_warm = "{main}",
        .compile_warm_unless = CLANG_TELLS_WHEN,
        .run = LIST("./a.out", "{args}"),
        .hello =
            "#include <iostream>\n\nint main()\n{\n    std::cout << \"Hello, World!\\n\";\n}\n",
    },
    {
        .language = "c++-test",
        .unlisted = true,
        .tools = LIST("g++", "g++-15", "g++-14", "g++-13", "g++-12", "g++-11", "g++-10", "g++-9"),
        .needs = LIST("/usr/include/gtest/gtest.h"),
        .version_args = LIST("-dumpfullversion", "-dumpversion"),
        .extensions = LIST(".cpp", ".cc", ".cxx", ".C", ".c++"),
        .headers = C_HEADERS,
        .default_name = "main.cpp",
        .compile = LIST("{tool}", "-std=gnu++17", "-pipe", PRECOMPILED_HEADERS, "-o", "a.out", "-x",
                        "c++", "{sources}", "{compile_args}", GOOGLE_TEST),
        .prepare = &prepared_cpp,
        .run = LIST("./a.out", "{args}"),
        .env = LIST("GTEST_COLOR=no"),
        .hello = GOOGLE_TEST_HELLO,
    },
    {
        .language = "c++-clang-test",
        .unlisted = true,
        .tools = LIST("clang++", "clang++-22", "clang++-21", "clang++-20", "clang++-19",
                      "clang++-18", "clang++-17", "clang++-16", "clang++-15", "clang++-14"),
        .needs = LIST("/usr/include/gtest/gtest.h", "/usr/include/c++"),
        .version_args = LIST("-dumpversion"),
        .extensions = LIST(".cpp", ".cc", ".cxx", ".C", ".c++"),
        .headers = C_HEADERS,
        .default_name = "main.cpp",
        .compile = LIST("{tool}", "-std=gnu++17", "-o", "a.out", "-x", "c++", "{sources}",
                        "{compile_args}", GOOGLE_TEST),
        .run = LIST("./a.out", "{args}"),
        .env = LIST("GTEST_COLOR=no"),
        .hello = GOOGLE_TEST_HELLO,
    },
    {
        .language = "tcc",
        .aliases = LIST("tinycc"),
        .tools = LIST("tcc"),
        .needs = C_LIBRARY,
        .version_args = LIST("-v"),
        .extensions = LIST(".c"),
        .headers = C_HEADERS,
        .default_name = "main.c",
        .run = LIST("{tool}", "-lm", "-run", "{main}", "{args}"),
        .hello = "#include <stdio.h>\n\nint main(void)\n{\n    puts(\"Hello, World!\");\n}\n",
    },
    {
        /*
         * Since 1.20 Go brings no compiled standard library: a box whose cache is empty compiles
         * what the program uses of it, unless it is prepared.  The cache is outside /box, whose
         * content is the product.
         *
         * go keeps an index of the standard library, but for those who may do without modules
         * (GO111MODULE=auto), which one file has no use for: it takes a fifth of the time.
         */
        .language = "go",
        .aliases = LIST("go", "golang"),
        .tools = LIST("go"),
        .only = ">=1.16",
        .version_args = LIST("version"),
        .extensions = LIST(".go"),
        .headers = LIST(".mod", ".sum"),
        .needs_extension = true,
        .default_name = "main.go",
        .compile = LIST("{tool}", "build", "-o", "a.out", "{compile_args}", "{sources}"),
        .compile_many = LIST("sh", "-c", go_many, "sh", "{tool}", "{compile_args}", "{sources}"),
        .compile_env = LIST("GOCACHE={prepared}", "XDG_CONFIG_HOME={prepared}/config"),
        .compile_warm = "{main}",
        .compile_warm_alone = true,
        .prepare = &prepared_go,
        .run = LIST("./a.out", "{args}"),
        .env = LIST("GOCACHE=/tmp/go-build", "GOPATH=/tmp/go", "GOPROXY=off", "GOFLAGS=-mod=mod",
                    "GOTOOLCHAIN=local", "GOTELEMETRY=off", "CGO_ENABLED=0"),
        .hello = "package main\n\nimport \"fmt\"\n\nfunc main() {\n"
                 "\tfmt.Println(\"Hello, World!\")\n}\n",
        .compile_limits = {.wall_ms = 60000, .cpu_ms = 120000},
    },
    {
        .language = "rust",
        .aliases = LIST("rs"),
        .tools = LIST("rustc"),
        .needs = LIST("cc", "/usr/include/stdio.h"),
        .only = ">=1.56",
        .version_args = LIST("--version"),
        .extensions = LIST(".rs"),
        .default_name = "main.rs",
        .compile = LIST("sh", "-c", rust, "sh", "{tool}", "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "fn main() {\n    println!(\"Hello, World!\");\n}\n",
    },
    {
        .language = "zig",
        .aliases = LIST("zig"),
        .tools = LIST("zig"),
        .version_args = LIST("version"),
        .extensions = LIST(".zig"),
        .needs_extension = true,
        .default_name = "main.zig",
        .compile = LIST("{tool}", "build-exe", "-femit-bin=a.out", "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .env = LIST("ZIG_GLOBAL_CACHE_DIR=/tmp/zig", "ZIG_LOCAL_CACHE_DIR=/tmp/zig"),
        .hello = "const std = @import(\"std\");\n"
                 "const os = if (@hasDecl(std, \"posix\")) std.posix else std.os;\n\n"
                 "pub fn main() !void {\n    _ = try os.write(1, \"Hello, World!\\n\");\n}\n",
        .compile_limits = {.wall_ms = 15000, .cpu_ms = 15000},
    },
    {
        .language = "nim",
        .aliases = LIST("nim"),
        .tools = LIST("nim"),
        .needs = LIST("gcc", "/usr/include/stdio.h"),
        .version_args = LIST("--version"),
        .extensions = LIST(".nim"),
        .needs_extension = true,
        .default_name = "main.nim",
        .compile = LIST("{tool}", "compile", "--hints:off", "-d:release", "--nimcache:/tmp/nim",
                        "-o:a.out", "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "echo \"Hello, World!\"\n",
    },
    {
        .language = "crystal",
        .aliases = LIST("crystal", "cr"),
        .tools = LIST("crystal"),
        .needs = LIST("cc"),
        .version_args = LIST("--version"),
        .extensions = LIST(".cr"),
        .default_name = "main.cr",
        .compile = LIST("{tool}", "build", "--no-color", "-o", "a.out", "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .env = LIST("CRYSTAL_CACHE_DIR=/tmp/crystal"),
        .hello = "puts \"Hello, World!\"\n",
        .compile_limits = {.wall_ms = 20000, .cpu_ms = 30000},
    },
    {
        .language = "vala",
        .tools = LIST("valac"),
        .needs = LIST("cc", "/usr/include/glib-2.0"),
        .version_args = LIST("--version"),
        .extensions = LIST(".vala"),
        .headers = LIST(".vapi"),
        .needs_extension = true,
        .default_name = "main.vala",
        .compile = LIST("{tool}", "-o", "a.out", "{sources}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "void main() {\n    print(\"Hello, World!\\n\");\n}\n",
    },
    {
        .language = "pascal",
        .aliases = LIST("pascal", "freepascal", "pp", "pas"),
        .tools = LIST("fpc"),
        .version_args = LIST("-iV"),
        .extensions = LIST(".pas", ".pp", ".p"),
        .needs_extension = true,
        .default_name = "main.pas",
        .compile =
            LIST("{tool}", "-l-", "-v0", "-vew", "-O2", "-oa.out", "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "begin\n  writeln('Hello, World!');\nend.\n",
    },
    {
        .language = "ada",
        .aliases = LIST("adb"),
        .tools = LIST("gnatmake"),
        .version_args = LIST("--version"),
        .extensions = LIST(".adb", ".ads"),
        .needs_extension = true,
        .default_name = "main.adb",
        .compile =
            LIST("{tool}", "-q", "-O2", "-D", "/tmp", "-o", "a.out", "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "with Ada.Text_IO;\n\nprocedure Main is\nbegin\n"
                 "   Ada.Text_IO.Put_Line (\"Hello, World!\");\nend Main;\n",
    },
    {
        .language = "cobol",
        .aliases = LIST("cob"),
        .tools = LIST("cobc"),
        .needs = LIST("gcc"),
        .version_args = LIST("--version"),
        .extensions = LIST(".cob", ".cbl", ".cobol"),
        .needs_extension = true,
        .default_name = "main.cob",
        .compile = LIST("{tool}", "-x", "-free", "-o", "a.out", "{sources}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "identification division.\nprogram-id. hello.\nprocedure division.\n"
                 "display \"Hello, World!\".\nstop run.\n",
    },
    {
        .language = "haskell",
        .aliases = LIST("haskell", "hs"),
        .tools = LIST("ghc"),
        .needs = LIST("gcc", "/usr/include/stdio.h"),
        .version_args = LIST("--numeric-version"),
        .extensions = LIST(".hs", ".lhs"),
        .needs_extension = true,
        .default_name = "main.hs",
        .compile = LIST("{tool}", "-v0", "-O1", "-outputdir", "/tmp/ghc", "-o", "a.out",
                        "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "main :: IO ()\nmain = putStrLn \"Hello, World!\"\n",
    },
    {
        .language = "ocaml",
        .aliases = LIST("ocaml", "ml"),
        .tools = LIST("ocamlopt"),
        .needs = LIST("gcc", "ocamldep"),
        .version_args = LIST("-version"),
        .extensions = LIST(".ml", ".mli"),
        .needs_extension = true,
        .default_name = "main.ml",
        .compile = LIST("{tool}", "-o", "a.out", "{sources}"),
        .compile_many =
            LIST("sh", "-c", ocaml_many, "sh", "{tool}", "{sources}", "--", "{compile_args}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "let () = print_endline \"Hello, World!\"\n",
    },
    {
        .language = "freebasic",
        .aliases = LIST("bas", "fbc", "basic", "qbasic", "quickbasic"),
        .tools = LIST("fbc"),
        .needs = LIST("gcc"),
        .version_args = LIST("--version"),
        .extensions = LIST(".bas"),
        .headers = LIST(".bi"),
        .needs_extension = true,
        .default_name = "main.bas",
        .compile = LIST("{tool}", "-x", "a.out", "{sources}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "print \"Hello, World!\"\n",
    },
#ifdef __x86_64__
    {
        .language = "nasm64",
        .aliases = LIST("asm64"),
        .package = "nasm",
        .tools = LIST("nasm"),
        .needs = LIST("ld"),
        .version_args = LIST("-v"),
        .extensions = LIST(".asm", ".nasm"),
        .default_name = "main.asm",
        .compile = LIST("sh", "-c", nasm, "sh", "{tool}", "{compile_args}", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "section .data\ntext: db \"Hello, World!\", 10\nsection .text\nglobal _start\n"
                 "_start:\n    mov rax, 1\n    mov rdi, 1\n    mov rsi, text\n    mov rdx, 14\n"
                 "    syscall\n    mov rax, 60\n    xor rdi, rdi\n    syscall\n",
    },
#endif
    {
        .language = "llvm_ir",
        .aliases = LIST("llvm", "llvm-ir", "ll"),
        .tools = LIST("lli", "lli-19", "lli-18", "lli-17", "lli-16", "lli-15", "lli-14"),
        .version_args = LIST("--version"),
        .extensions = LIST(".ll"),
        .default_name = "main.ll",
        .run = LIST("{tool}", "{main}", "{args}"),
        .hello = "@text = private constant [14 x i8] c\"Hello, World!\\00\"\n"
                 "declare i32 @puts(i8*)\ndefine i32 @main() {\n"
                 "  %p = getelementptr [14 x i8], [14 x i8]* @text, i64 0, i64 0\n"
                 "  call i32 @puts(i8* %p)\n  ret i32 0\n}\n",
    },
    {
        .language = "iverilog",
        .aliases = LIST("verilog", "vvp"),
        .tools = LIST("iverilog"),
        .version_args = LIST("-V"),
        .version_after = "version",
        .extensions = LIST(".v", ".sv"),
        .headers = LIST(".vh", ".svh"),
        .default_name = "main.v",
        .compile = LIST("{tool}", "-o", "a.out", "{sources}"),
        .run = LIST("vvp", "-n", "a.out", "{args}"),
        .hello = "module main;\n  initial begin\n    $display(\"Hello, World!\");\n"
                 "    $finish(0);\n  end\nendmodule\n",
    },
    /* --- on the JVM and Mono ------------------------------------------------------------ */
    {
        /*
         * One file is what the source launcher takes, as with Piston: javac insists that a public
         * class lies in a file of its name, and Piston's clients call their files as they like.
         * Our own tool does the same with a compile stage (SourceProgram.java), and what it leaves
         * has one name to start.  Who sends several files has named them well.
         */
        .language = "java",
        .tools = LIST("java"),
        .only = ">=11",
        .version_args = LIST("--version"),
        .extensions = LIST(".java"),
        .needs_extension = true,
        .default_name = "Main.java",
        .run = LIST("{tool}", JVM, "{main}", "{args}"),
        .compile_many = JAVA_COMPILE,
        .run_many = JAVA_RUN,
        .prepare = &prepared_java,
        .when_prepared =
            &(const struct host_commands){
                .compile = LIST(JAVA_TOOL, "belljar.SourceProgram", "{compile_args}", "{main}"),
                .run = JAVA_RUN_PREPARED("belljar_main"),
                .compile_many = JAVA_COMPILE_PREPARED,
                .run_many = JAVA_RUN_PREPARED("{stem}"),
                .compile_warm = "{main}",
                .warm = "belljar_main.class",
            },
        .one_stage = true,
        .warm_alone = true, /* of several it is another file */
        .warm_unless = JAVA_TELLS_ITS_AGE,
        .hello = JAVA_HELLO,
    },
    {
        /* With a compile stage also for one file, which has the name that javac wants. */
        .language = "java-compiled",
        .unlisted = true,
        .tools = LIST("java"),
        .only = ">=9",
        .version_args = LIST("--version"),
        .extensions = LIST(".java"),
        .needs_extension = true,
        .default_name = "Main.java",
        .compile = JAVA_COMPILE,
        .run = JAVA_RUN,
        .prepare = &prepared_java,
        .when_prepared =
            &(const struct host_commands){
                .compile = JAVA_COMPILE_PREPARED,
                .run = JAVA_RUN_PREPARED("{stem}"),
                .compile_warm = "{main}",
            },
        .warm = "{stem}.class",
        .warm_unless = JAVA_TELLS_ITS_AGE,
        .hello = JAVA_HELLO,
    },
    {
        .language = "kotlin",
        .aliases = LIST("kt"),
        .tools = LIST("kotlinc"),
        .version_args = LIST("-version"),
        .version_after = "kotlinc-jvm",
        .extensions = LIST(".kt"),
        .needs_extension = true,
        .default_name = "Main.kt",
        .compile =
            LIST("{tool}", JVM_SHORT, "-nowarn", "-include-runtime", "-d", "a.jar", "{sources}"),
        .run = LIST("java", JVM, "-jar", "a.jar", "{args}"),
        .hello = "fun main() {\n    println(\"Hello, World!\")\n}\n",
        .compile_limits = {.wall_ms = 30000, .cpu_ms = 60000},
    },
    {
        /* As a script: any file name, any object with a main. */
        .language = "scala",
        .aliases = LIST("sc"),
        .tools = LIST("scala"),
        .only = "<3",
        .version_args = LIST("-version"),
        .version_after = "version",
        .extensions = LIST(".scala", ".sc"),
        .default_name = "Main.scala",
        .run = LIST("{tool}", JVM_SHORT, SCALA_ARCHIVE, "-nc", "{main}", "{args}"),
        .prepare = &prepared_scala,
        .hello = "object Main {\n  def main(args: Array[String]): Unit = {\n"
                 "    println(\"Hello, World!\")\n  }\n}\n",
        .run_limits = {.wall_ms = 15000, .cpu_ms = 30000},
    },
    {
        .language = "scala-compiled",
        .unlisted = true,
        .tools = LIST("scala"),
        .only = "<3",
        .version_args = LIST("-version"),
        .version_after = "version",
        .extensions = LIST(".scala"),
        .needs_extension = true,
        .default_name = "Main.scala",
        .compile = LIST("scalac", JVM_SHORT, SCALA_ARCHIVE, "-d", ".", "{sources}"),
        .run = LIST("{tool}", SCALA_ARCHIVE, "-cp", ".", "{stem}", "{args}"),
        .prepare = &prepared_scala,
        .hello = "object Main {\n  def main(args: Array[String]): Unit = {\n"
                 "    println(\"Hello, World!\")\n  }\n}\n",
        .compile_limits = {.wall_ms = 30000, .cpu_ms = 60000},
        .run_limits = {.wall_ms = 15000, .cpu_ms = 30000},
    },
    {
        .language = "groovy",
        .aliases = LIST("groovy", "gvy"),
        .tools = LIST("groovy"),
        .version_args = LIST("--version"),
        .version_after = "Version:",
        .extensions = LIST(".groovy", ".gvy"),
        .needs_extension = true,
        .default_name = "main.groovy",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .warm_unless = JAVA_TELLS_ITS_AGE,
        .prepare = &prepared_groovy,
        .when_prepared =
            &(const struct host_commands){
                /* NOLINTNEXTLINE(bugprone-suspicious-missing-comma) */
                .run = LIST("sh", "-c", GROOVY_DIRECT, "sh", "{tool}",
                            "-XX:SharedArchiveFile={prepared}/tool.jsa", "{main}", "{args}"),
            },
        .hello = "println 'Hello, World!'\n",
        .run_limits = {.wall_ms = 6000, .cpu_ms = 12000},
    },
    {
        .language = "clojure",
        .aliases = LIST("clojure", "clj"),
        .tools = LIST("clojure"),
        .version_args = LIST("-e", "(clojure-version)"),
        .extensions = LIST(".clj"),
        .default_name = "main.clj",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .warm_unless = JAVA_TELLS_ITS_AGE,
        .prepare = &prepared_clojure,
        .when_prepared =
            &(const struct host_commands){
                .run = LIST("java", JVM, "-XX:SharedArchiveFile={prepared}/tool.jsa", "-cp",
                            CLOJURE_JAR, "clojure.main", "{main}", "{args}"),
            },
        .hello = "(println \"Hello, World!\")\n",
        .run_limits = {.wall_ms = 6000, .cpu_ms = 12000},
    },
    {
        .language = "csharp",
        .aliases = LIST("mono", "mono-csharp", "mono-c#", "mono-cs", "c#", "cs"),
        .package = "mono",
        .tools = LIST("mcs"),
        .version_args = LIST("--version"),
        .extensions = LIST(".cs"),
        .default_name = "main.cs",
        .compile = LIST("{tool}", "-out:a.exe", "{sources}"),
        .run = LIST("mono", "a.exe", "{args}"),
        .hello = "using System;\n\nclass Program {\n    static void Main() {\n"
                 "        Console.WriteLine(\"Hello, World!\");\n    }\n}\n",
    },
    /* --- functional and logic languages ------------------------------------------------- */
    {
        .language = "erlang",
        .aliases = LIST("erlang", "erl", "escript"),
        .tools = LIST("erl"),
        .needs = LIST("escript"),
        .version_args = LIST("-noshell", "-eval",
                             "io:format(\"~s~n\", [erlang:system_info(otp_release)]), halt()."),
        .extensions = LIST(".erl", ".escript"),
        .default_name = "main.erl",
        .run = LIST("sh", "-c", escript, "sh", "{main}", "{args}"),
        .hello = "main(_) ->\n    io:format(\"Hello, World!~n\").\n",
    },
    {
        .language = "elixir",
        .aliases = LIST("elixir", "exs"),
        .tools = LIST("elixir"),
        .version_args = LIST("--version"),
        .version_after = "Elixir",
        .extensions = LIST(".exs", ".ex"),
        .default_name = "main.exs",
        .run = LIST("{tool}", "{main}", "{args}"),
        .hello = "IO.puts(\"Hello, World!\")\n",
    },
    {
        .language = "lisp",
        .aliases = LIST("lisp", "cl", "sbcl", "commonlisp"),
        .tools = LIST("sbcl"),
        .version_args = LIST("--version"),
        .extensions = LIST(".lisp", ".cl", ".lsp"),
        .default_name = "main.lisp",
        .run = LIST("{tool}", "--script", "{main}", "{args}"),
        .warm = "{main}",
        .warm_unless = LIST("internal-real-time", "INTERNAL-REAL-TIME"),
        .hello = "(format t \"Hello, World!~%\")\n",
    },
    {
        .language = "clisp",
        .tools = LIST("clisp"),
        .version_args = LIST("--version"),
        .extensions = LIST(".lisp", ".lsp"),
        .default_name = "main.lisp",
        .run = LIST("{tool}", "-q", "-norc", "{main}", "{args}"),
        .hello = "(format t \"Hello, World!~%\")\n",
    },
    {
        .language = "ecl",
        .tools = LIST("ecl"),
        .version_args = LIST("--version"),
        .extensions = LIST(".lisp", ".lsp"),
        .default_name = "main.lisp",
        .run = LIST("{tool}", "--shell", "{main}", "{args}"),
        .hello = "(format t \"Hello, World!~%\")\n",
    },
    {
        .language = "guile",
        .aliases = LIST("scheme"),
        .tools = LIST("guile", "guile-3.0", "guile-2.2"),
        .version_args = LIST("--version"),
        .extensions = LIST(".scm"),
        .default_name = "main.scm",
        .run = LIST("{tool}", "--no-auto-compile", "-s", "{main}", "{args}"),
        .hello = "(display \"Hello, World!\")\n(newline)\n",
    },
    {
        .language = "chicken",
        .tools = LIST("csi"),
        .version_args = LIST("-release"),
        .extensions = LIST(".scm"),
        .default_name = "main.scm",
        .run = LIST("{tool}", "-s", "{main}", "{args}"),
        .hello = "(display \"Hello, World!\")\n(newline)\n",
    },
    {
        .language = "chez",
        .tools = LIST("chezscheme", "chez"),
        .version_args = LIST("--version"),
        .extensions = LIST(".ss"),
        .default_name = "main.ss",
        .run = LIST("{tool}", "--script", "{main}", "{args}"),
        .hello = "(display \"Hello, World!\")\n(newline)\n",
    },
    {
        .language = "racket",
        .aliases = LIST("rkt"),
        .tools = LIST("racket"),
        .version_args = LIST("--version"),
        .extensions = LIST(".rkt"),
        .default_name = "main.rkt",
        .run = LIST("{tool}", "{main}", "{args}"),
        .env = LIST("PLTUSERHOME=/tmp"),
        .hello = "#lang racket/base\n(displayln \"Hello, World!\")\n",
    },
    {
        .language = "prolog",
        .aliases = LIST("prolog", "plg"),
        .tools = LIST("swipl"),
        .version_args = LIST("--version"),
        .extensions = LIST(".pl", ".prolog", ".plg", ".pro"),
        .default_name = "main.pl",
        .run = LIST("{tool}", "-q", "-g", "halt", "{main}", "--", "{args}"),
        .hello = ":- format('Hello, World!~n').\n",
    },
    {
        .language = "gprolog",
        .tools = LIST("gplc"),
        .needs = LIST("gcc"),
        .version_args = LIST("--version"),
        .extensions = LIST(".pl", ".pro"),
        .default_name = "main.pl",
        .compile = LIST("{tool}", "--no-top-level", "-o", "a.out", "{main}"),
        .run = LIST("./a.out", "{args}"),
        .hello = ":- initialization((write('Hello, World!'), nl)).\n",
    },
    {
        .language = "smalltalk",
        .aliases = LIST("st"),
        .tools = LIST("gst"),
        .version_args = LIST("--version"),
        .extensions = LIST(".st"),
        .default_name = "main.st",
        .run = LIST("{tool}", "-f", "{main}", "{args}"),
        .hello = "'Hello, World!' displayNl.\n",
    },
    {
        .language = "emacs",
        .aliases = LIST("emacs", "el", "elisp"),
        .tools = LIST("emacs"),
        .version_args = LIST("--version"),
        .extensions = LIST(".el"),
        .default_name = "main.el",
        .run = LIST("{tool}", "-Q", "--script", "{main}", "{args}"),
        .hello = "(princ \"Hello, World!\\n\")\n",
    },
    {
        .language = "forth",
        .aliases = LIST("gforth"),
        .tools = LIST("gforth"),
        .version_args = LIST("--version"),
        .extensions = LIST(".fs", ".fth", ".4th"),
        .default_name = "main.fs",
        .run = LIST("{tool}", "{main}", "-e", "bye"),
        .hello = ".( Hello, World!) cr\n",
    },
    {
        .language = "algol68",
        .aliases = LIST("a68"),
        .tools = LIST("a68g"),
        .version_args = LIST("--version"),
        .extensions = LIST(".a68"),
        .default_name = "main.a68",
        .run = LIST("{tool}", "{main}"),
        .hello = "print((\"Hello, World!\", new line))\n",
    },
    {
        .language = "brainfuck",
        .aliases = LIST("bf"),
        .tools = LIST("beef"),
        .version_package = "beef",
        .extensions = LIST(".bf"),
        .default_name = "main.bf",
        .run = LIST("{tool}", "{main}"),
        .hello = "++++++++++[>+++++++>++++++++++>+++++++++++>++++>+++>+++++++++>+<<<<<<<-]>++."
                 ">+.>--..+++.>++++.>++.>---.<<<.+++.------.<-.>>>+.>>.\n",
    },
    /* --- numbers and data --------------------------------------------------------------- */
    {
        .language = "rscript",
        .aliases = LIST("r"),
        .tools = LIST("Rscript"),
        .version_args = LIST("--version"),
        .extensions = LIST(".r", ".R"),
        .default_name = "main.r",
        .run = LIST("{tool}", "{main}", "{args}"),
        .warm = "{main}",
        .warm_unless = LIST("proc.time"),
        .hello = "cat('Hello, World!\\n')\n",
    },
    {
        .language = "julia",
        .aliases = LIST("jl"),
        .tools = LIST("julia"),
        .version_args = LIST("--version"),
        .extensions = LIST(".jl"),
        .default_name = "main.jl",
        .run = LIST("{tool}", "--startup-file=no", "--history-file=no", "{main}", "{args}"),
        .env = LIST("JULIA_DEPOT_PATH=/tmp/julia"),
        .hello = "println(\"Hello, World!\")\n",
    },
    {
        .language = "octave",
        .aliases = LIST("matlab", "m"),
        .tools = LIST("octave-cli"),
        .version_args = LIST("--version"),
        .extensions = LIST(".m"),
        .default_name = "main.m",
        .run = LIST("{tool}", "-q", "--no-gui", "--no-history", "{main}", "{args}"),
        .env = LIST("OCTAVE_HISTFILE=/dev/null"),
        .hello = "disp('Hello, World!')\n",
    },
    {
        /* Behind Octave, whose the extension is. */
        .language = "objective-c",
        .aliases = LIST("objc"),
        .tools = LIST("clang", "clang-22", "clang-21", "clang-20", "clang-19", "clang-18",
                      "clang-17", "clang-16", "clang-15", "clang-14"),
        .needs = LIST("/usr/include/GNUstep/Foundation/Foundation.h", "gcc"),
        .version_args = LIST("-dumpversion"),
        .extensions = LIST(".m"),
        .headers = C_HEADERS,
        .default_name = "main.m",
        .compile = LIST("sh", "-c", objective_c, "sh", "{tool}", "{sources}", "{compile_args}"),
        .run = LIST("./a.out", "{args}"),
        .hello = "#import <Foundation/Foundation.h>\n\nint main(void)\n{\n    @autoreleasepool {\n"
                 "        puts([@\"Hello, World!\" UTF8String]);\n    }\n    return 0;\n}\n",
    },
    {
        .language = "sqlite3",
        .aliases = LIST("sqlite", "sql"),
        .tools = LIST("sqlite3"),
        .version_args = LIST("--version"),
        .extensions = LIST(".sql"),
        .default_name = "main.sql",
        .run = LIST("sh", "-c", "exec \"$1\" <\"$2\"", "sh", "{tool}", "{main}"),
        .hello = "select 'Hello, World!';\n",
    },
    {
        /* On the database file that may lie beside the program. */
        .language = "sqlite3-file",
        .unlisted = true,
        .tools = LIST("sqlite3"),
        .version_args = LIST("--version"),
        .extensions = LIST(".sql"),
        .default_name = "main.sql",
        .run = LIST("sh", "-c", "exec \"$1\" db.sqlite <\"$2\"", "sh", "{tool}", "{main}"),
        .hello = "select 'Hello, World!';\n",
    },
    {
        .language = "awk",
        .aliases = LIST("gawk"),
        .package = "gawk",
        .tools = LIST("gawk"),
        .version_args = LIST("--version"),
        .extensions = LIST(".awk"),
        .default_name = "main.awk",
        .run = LIST("{tool}", "-f", "{main}", "{args}"),
        .hello = "BEGIN { print \"Hello, World!\" }\n",
    },
    {
        .language = "mawk",
        .tools = LIST("mawk"),
        .version_args = LIST("-W", "version"),
        .extensions = LIST(".awk"),
        .default_name = "main.awk",
        .run = LIST("{tool}", "-f", "{main}", "{args}"),
        .hello = "BEGIN { print \"Hello, World!\" }\n",
    },
    {
        .language = "jq",
        .tools = LIST("jq"),
        .version_args = LIST("--version"),
        .extensions = LIST(".jq"),
        .default_name = "main.jq",
        .run = LIST("{tool}", "-n", "-r", "-f", "{main}", "{args}"),
        .hello = "\"Hello, World!\"\n",
    },
    {
        .language = "bc",
        .tools = LIST("bc"),
        .version_args = LIST("--version"),
        .extensions = LIST(".bc"),
        .default_name = "main.bc",
        .run = LIST("{tool}", "-q", "{main}"),
        .hello = "print \"Hello, World!\\n\"\nquit\n",
    },
};

const size_t host_recipe_count = ARRAY_LEN(host_recipes);

const struct host_view host_view_system = {
    .recipes = host_recipes,
    .recipe_count = ARRAY_LEN(host_recipes),
    .tool_dirs = LIST("/usr/local/bin", "/usr/local/go/bin", "/usr/bin", "/bin"),
    .visible = LIST("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/etc/alternatives/"),
    .package_dir = "/var/lib/dpkg",
};
