#pragma once
/*
 * java_preparations - what is prepared for Java: a compile tool of our own (src/runtimes/java), and
 * archives of what it and programs load; and such archives for other languages on the JVM.
 */
#include "runtimes/preparation.h"

/* java.jsa, for programs, and javac.jsa, for the tool; its base has java.jar, the tool. */
extern const struct preparation prepared_java;

extern const char *const java_files[]; /* name, text, name, text ..., NULL: of that folder */

/* Each is one archive, {prepared}/tool.jsa. */
extern const struct preparation prepared_scala, prepared_groovy, prepared_clojure;

/* How they are run with an archive, by which it is made too. */
#define CLOJURE_JAR "/usr/share/java/clojure.jar" /* Debian's */
/* sh -c GROOVY_DIRECT sh TOOL JVM_OPTION MAIN: without the loader that its own script puts between,
 * whose classes are in no archive. */
#define GROOVY_DIRECT                                                                              \
    "home=$(dirname \"$(readlink -f \"$1\")\")/..; option=$2; shift 2; "                           \
    "exec java -XX:+UseSerialGC -XX:-UsePerfData -Xms64m \"$option\" "                             \
    "-cp \"$(echo \"$home\"/lib/*.jar | tr ' ' ':')\" -Dgroovy.home=\"$home\" "                    \
    "groovy.ui.GroovyMain \"$@\""
