/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/java_preparations.h"

#include <stddef.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* By itself, as an archive goes with a file of one path and one time. */
static const struct preparation java_tool = {
    .name = "java-tool",
    .files = java_files,
    .command = LIST("sh", "make-tool.sh", "{tool}"),
};

const struct preparation prepared_java = {
    .name = "java",
    .base = &java_tool,
    .files = java_files,
    .command = LIST("sh", "make-archives.sh", "{tool}", "{base}/java.jar"),
};

/* --- others ------------------------------------------------------------------------------- */

#define ARCHIVE "-XX:ArchiveClassesAtExit=out/tool.jsa"

static const char scala_program[] =
    "object Main {\n  case class P(a: Int, b: String)\n  def main(args: Array[String]): Unit = {\n"
    "    val xs = List(3, 1, 2).sorted.map(_ * 2)\n    val m = xs.groupBy(_ % 2)\n"
    "    println(s\"$xs $m ${P(1, \"x\")}\")\n  }\n}\n";

/* Also for scalac and for what it has compiled, which load little else. */
const struct preparation prepared_scala = {
    .name = "scala",
    .inputs = LIST("/usr/share/scala*/lib/*.jar", "/usr/lib/jvm/*/bin/java"),
    .files = LIST("Main.scala", scala_program),
    .command =
        /* NOLINTNEXTLINE(bugprone-suspicious-missing-comma) */
    LIST("sh", "-c", "mkdir out && exec \"$1\" -J-XX:+UseSerialGC -J" ARCHIVE " -nc Main.scala",
         "sh", "{tool}"),
};

const struct preparation prepared_groovy = {
    .name = "groovy",
    .inputs = LIST("/usr/share/groovy/lib/*.jar", "/usr/lib/jvm/*/bin/java"),
    .files = LIST("main.groovy", "def m = [a: 1, b: 2].collectEntries { k, v -> [k, v * 2] }\n"
                                 "class P { int x }\nprintln \"${m} ${[3, 1].sort()}\"\n"
                                 "println new P(x: 1).x\n"),
    .command =
        LIST("sh", "-c", "mkdir out; " GROOVY_DIRECT, "sh", "{tool}", ARCHIVE, "main.groovy"),
};

const struct preparation prepared_clojure = {
    .name = "clojure",
    .inputs = LIST(CLOJURE_JAR, "/usr/lib/jvm/*/bin/java"),
    .files = LIST("main.clj", "(defn f [x] (* x 2))\n(println (map f (sort [3 1 2])) {:a 1})\n"
                              "(doseq [x (range 2)] (println (str x)))\n"),
    .command = LIST("sh", "-c",
                    "mkdir out && exec java -XX:+UseSerialGC " ARCHIVE " -cp " CLOJURE_JAR
                    " clojure.main main.clj"),
};
