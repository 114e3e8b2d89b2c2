/* SPDX-License-Identifier: Apache-2.0 */
#include "runtimes/host_preparations.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * gcc takes a precompiled header in place of the first header of a program, from a directory that
 * is searched before that of the header itself, and only when the options that matter are those it
 * was made with: else it reads the header, as if the directory were not there.
 *
 * Through a file that includes it: what is compiled by itself is no system header.  Messages about
 * the header name that file as the one that includes it, whatever the program's is called.
 */
static const char cpp_headers[] =
    "tool=$1; shift; "
    "for header in bits/stdc++.h iostream; do "
    "mkdir -p \"out/$header.gch\" && echo \"#include <$header>\" >main.cpp && "
    "\"$tool\" \"$@\" -x c++-header main.cpp -o \"out/$header.gch/1\" || exit; "
    "done";

/* One file of each package whose headers are in them. */
#define CPP_INPUTS                                                                                 \
    LIST("/usr/include/c++/*/iostream", "/usr/include/*/c++/*/bits/c++config.h",                   \
         "/usr/include/features.h", "/usr/include/linux/limits.h")

static const struct preparation cpp_optimised = {
    .name = "c++",
    .inputs = CPP_INPUTS,
    .command = LIST("sh", "-c", cpp_headers, "sh", "{tool}", "-std=gnu++17", "-O2"),
};

/* Judge0's callers get -O0 (api/judge0/job.c). */
const struct preparation prepared_cpp = {
    .name = "c++-O0",
    .base = &cpp_optimised,
    .inputs = CPP_INPUTS,
    .command = LIST("sh", "-c", cpp_headers, "sh", "{tool}", "-std=gnu++17", "-O0"),
};

const struct preparation prepared_go = {
    .name = "go",
    .files = go_files,
    .command = LIST("sh", "prepare.sh", "{tool}", "{prepared}"),
    .env =
        LIST("GOCACHE=/box/out", "XDG_CONFIG_HOME=/box/out/config", "GOPATH=/tmp/go", "GOPROXY=off",
             "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "GOTELEMETRY=off", "CGO_ENABLED=0"),
};
