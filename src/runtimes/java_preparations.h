#pragma once
/*
 * java_preparations - what is prepared for Java: a compile tool of our own (src/runtimes/java), and
 * archives of what it and programs load.
 */
#include "runtimes/preparation.h"

/* java.jsa, for programs, and javac.jsa, for the tool; its base has java.jar, the tool. */
extern const struct preparation prepared_java;

extern const char *const java_files[]; /* name, text, name, text ..., NULL: of that folder */
