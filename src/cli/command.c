/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#include "base/cleanup.h"
#include "cli/commands.h"

static const char run_text[] =
    "Runs one program in a box of its own and passes its input and output through: what you type "
    "or\n"
    "pipe in reaches the program, what it prints appears as it comes, and the exit status is its "
    "own.\n"
    "No server is needed. The language is taken from the name of FILE; 'belljar runtimes' lists "
    "them.\n"
    "\n"
    "  belljar run hello.py                       run a file\n"
    "  echo 3 4 | belljar run add.c               compile and run, with input\n"
    "  belljar run --time 10s --memory 1G sim.py  with more time and memory\n"
    "  belljar run -f lib/util.py main.py --fast  several files; --fast is for the program\n"
    "  belljar run -l python=3.x -                the program itself from stdin\n"
    "  belljar run --json main.py                 all facts about the run, as JSON\n"
    "  belljar run -t game.py                     a session with a terminal: ^C, ^Z, ^D, colours\n"
    "  belljar run --url http://host:2358 main.py on another belljar (or a Piston); -t works, too\n"
    "\n"
    "Flags of belljar stand before FILE; all that stands behind it is for the program. Further "
    "files\n"
    "keep their place below the folder of FILE; those from elsewhere stand beside it.\n"
    "The limits are those of the configuration. --time also raises the CPU time to the same value\n"
    "unless --cpu-time is given. Output beyond --output (64 KiB) ends the program.\n"
    "With -t a program has an hour of time and a minute of CPU time (native.max_session_wall_ms,\n"
    "native.max_cpu_ms), and its output is not limited; --time, --cpu-time and --output still "
    "hold.\n"
    "With --url, what is typed reaches the program with -t only; what is piped in always does.\n"
    "What no flag says is the server's. BELLJAR_URL names a server for all runs, and\n"
    "BELLJAR_KEY holds the key for it, as 'belljar key add' printed it.\n"
    "\n"
    "Exit status: the program's own; 128+n when signal n ended it; 124 at a limit on time, 137 at\n"
    "the memory limit, 153 at the output limit; 126 when it did not compile; 125 when belljar "
    "itself\n"
    "failed; 130 after Ctrl-C. A limit is also named in one line on stderr.\n";

static const char runtimes_text[] =
    "Lists the languages that programs can be written in here: those whose tools this machine "
    "has,\n"
    "with the versions that the tools themselves give. Any of the names works with 'belljar run "
    "-l'.\n"
    "\n"
    "  belljar runtimes                           what this machine has\n"
    "  belljar runtimes --json                    the same, in the form of GET /api/v2/runtimes\n"
    "  belljar runtimes --url http://host:2358    what a server has\n";

static const char submit_text[] =
    "Hands a program to a server, which runs it when its turn comes and keeps the result, and "
    "prints\n"
    "the id of this execution. FILE, ARGS and most flags are those of run. Needs a server: that "
    "of\n"
    "--url, of BELLJAR_URL, or http://127.0.0.1:2358.\n"
    "\n"
    "  belljar submit --label night sim.py        prints 01J... at once\n"
    "  belljar submit --wait --time 1m sim.py     waits, and prints what run would print\n"
    "  belljar submit --wait --tests tests.json add.c\n"
    "                                             one compilation, one run for each test\n"
    "  echo 3 4 | belljar submit add.c            with input\n"
    "\n"
    "Ctrl-C with --wait leaves; the execution goes on.\n"
    "Exit status: 0, or 125 when it was not accepted. With --wait that of run; with --tests 1 when "
    "a\n"
    "test did not go well.\n";

static const char status_text[] =
    "Says what has become of an execution: whether it waits, runs or is over, its verdict, times "
    "and\n"
    "memory.\n"
    "\n"
    "  belljar status 01J9ZQ4X5T6W7V8Y9ABCDEFGHJ\n"
    "  belljar status --json 01J9ZQ4X5T6W7V8Y9ABCDEFGHJ   all of it, with what it printed\n"
    "\n"
    "Exit status: 0, or 1 when there is no such execution or no server.\n";

static const char cancel_text[] =
    "Ends an execution that waits or runs. Its result stays, as cancelled.\n"
    "\n"
    "  belljar cancel 01J9ZQ4X5T6W7V8Y9ABCDEFGHJ\n"
    "\n"
    "Exit status: 0, or 1 when it was over already or there is none.\n";

static const char watch_text[] =
    "Shows what an execution prints, as it comes and from its beginning, until it is over. When "
    "the\n"
    "connection breaks it is made again, and nothing is shown twice.\n"
    "\n"
    "  belljar watch 01J9ZQ4X5T6W7V8Y9ABCDEFGHJ\n"
    "  belljar watch $(belljar submit sim.py)\n"
    "\n"
    "Exit status: that of run. Ctrl-C leaves; the execution goes on.\n";

static const char top_text[] =
    "Shows a server at work, once a second: slots, sessions, queue, how many executions finish in "
    "a\n"
    "second, latencies since its start, the callers with most boxes, and each box. q quits.\n"
    "\n"
    "  belljar top\n"
    "  belljar top --url https://host --key-file ~/.belljar-key\n"
    "  belljar top --once | grep queue            once, as plain text\n"
    "\n"
    "Where keys are needed, the boxes are shown to keys of scope admin alone.\n";

static const char ps_text[] =
    "Lists the boxes of a server that are there now: id, caller, language, stage, age, memory, "
    "CPU\n"
    "time.\n"
    "\n"
    "  belljar ps\n"
    "  belljar ps --json --url http://host:2358\n"
    "\n"
    "Where keys are needed, this needs one of scope admin. Exit status: 0, or 1 when it failed.\n";

static const char serve_text[] =
    "Answers the HTTP APIs on http://127.0.0.1:2358 unless --listen says otherwise: belljar's own "
    "at\n"
    "/api/v1/executions, /api/v1/languages and WebSocket /api/v1/stream, Piston's at /api/v2 (and\n"
    "/api/v2/piston, /api/v1), Judge0's at /submissions; /docs lists all calls, and /health, "
    "/ready,\n"
    "/stats and /metrics are for those who look after it.\n"
    "It says in one line when it is ready, and stops in order at Ctrl-C or SIGTERM: running "
    "programs\n"
    "may finish, and nothing is left behind. Whoever reaches it may use it until there is a key:\n"
    "'belljar help key'.\n"
    "As root it keeps privileges in one small process only; as a user it works in a user "
    "namespace.\n"
    "\n"
    "  belljar serve                              for this machine, data in a temporary folder\n"
    "  belljar serve --data /var/lib/belljar --listen 0.0.0.0:2358\n"
    "  belljar serve --config belljar.toml --print-config\n"
    "  belljar serve --judge0-conf judge0.conf    with the settings of a Judge0\n"
    "\n"
    "--print-config shows each setting, its value and where it came from, and ends. The settings "
    "of\n"
    "Judge0's API ([judge0]) are listed by 'belljar help options'.\n";

static const char db_text[] =
    "Looks after the store: the SQLite database in which submissions are kept, below the data\n"
    "directory (--data). All of it works beside a running server, too.\n"
    "\n"
    "  belljar db backup FILE     a copy of this moment, in one file; to restore it, stop the "
    "server and\n"
    "                             copy it to DIR/state/store.db (and remove store.db-wal, "
    "store.db-shm)\n"
    "  belljar db check           reads all of it and says what is damaged\n"
    "  belljar db vacuum          gives free space back to the disk\n"
    "  belljar db export [FILE]   all executions, one JSON object a line\n"
    "  belljar db import FILE     such a file, or a dump of Judge0's PostgreSQL\n"
    "                             (pg_dump --table=submissions judge0 > FILE); what is there "
    "stays\n"
    "  belljar db purge ...       erases finished executions for good: their bytes are "
    "overwritten.\n"
    "                             A running server forgets them within five seconds.\n"
    "\n"
    "  belljar db backup --data /var/lib/belljar /backup/belljar.db\n"
    "  belljar db purge --data /var/lib/belljar --before 90d\n"
    "\n"
    "Exit status: 0, or 1 when it failed or the check found damage.\n";

static const char key_text[] =
    "Makes, lists and revokes the keys of those who may use a server. Once there is one, every "
    "request\n"
    "needs one (Authorization: Bearer KEY, X-Api-Key, Judge0's X-Auth-Token), also when all are "
    "revoked.\n"
    "A running server knows of it at once. Keys are kept hashed: what 'add' prints is not shown "
    "again.\n"
    "\n"
    "  belljar key add ci --data /var/lib/belljar\n"
    "  belljar key add course --scope run,read --rate 20 --running 4 --queued 200 \\\n"
    "                         --max-wall 10s --max-memory 256M --data /var/lib/belljar\n"
    "  belljar key add boss --scope admin --data /var/lib/belljar\n"
    "  belljar key list --data /var/lib/belljar\n"
    "  belljar key revoke ci --data /var/lib/belljar\n"
    "\n"
    "What is not said has no limit of its own; the server's limits hold for all. A revoked name "
    "may be\n"
    "given to another key, which then sees the executions of the old one. To open a server again, "
    "stop it\n"
    "and remove DIR/state/keys.json.\n";

static const char doctor_text[] =
    "Looks at this machine and prints a table: what each feature of "
    "the sandbox needs, whether it is\n"
    "there, what it means when it is not, and how to get it. A start "
    "that is refused prints the same.\n"
    "\n"
    "  belljar doctor\n"
    "\n"
    "Exit status: 0 when a server would start here with this configuration (sandbox.require).\n";

static const char pkg_text[] =
    "Installs languages, each into layers of its own that boxes see and the host does not, and "
    "keeps\n"
    "them up to date. A server that runs offers them at once.\n"
    "\n"
    "  belljar pkg search forth                   what can be installed\n"
    "  belljar pkg available python=3.12          what a word would install; of Piston's index, "
    "too\n"
    "  belljar pkg install ruby lua=5.4 @core     the newest, a version, a set (belljar pkg sets)\n"
    "  belljar pkg install --dry-run @all         how much that would be\n"
    "  belljar pkg add python --with numpy,pandas libraries, as a further layer\n"
    "  belljar pkg add nickle/2.91.toml           a recipe of your own, or a spec "
    "(docs/images.md)\n"
    "  belljar pkg sync                           those that were put into the packages' folder\n"
    "  belljar pkg list                           what is installed, and its size on the disk\n"
    "  belljar pkg info ruby                      all about one\n"
    "  belljar pkg outdated --security            what closes holes\n"
    "  belljar pkg upgrade                        all that is newer; 'pin NAME' leaves one as it "
    "is\n"
    "  belljar pkg remove ruby                    a job that runs goes on; 'gc' frees the rest "
    "later\n"
    "  belljar pkg export all.belljar @all        for a machine without a network: 'import FILE'\n"
    "  belljar pkg verify                         is it what was installed?\n"
    "  belljar pkg lint FILE... | spec FILE.pps   checks recipes; makes it what a spec of Piston's "
    "says\n"
    "\n"
    "NAME is a language, an alias, a package of Piston's (gcc, node, mono) or a recipe's id\n"
    "(python/2.7); a range of versions may stand behind it: python=3.11, node@22, 'go=>=1.20'. "
    "What no\n"
    "recipe has comes from Piston's index (--piston-repo); piston:NAME asks that alone. Before it\n"
    "begins it says how large it is, and asks on a terminal, unless --yes is given. What was "
    "interrupted\n"
    "is gone on with by the same command.\n"
    "\n"
    "Exit status: 0; 1 when something did not work; 2 when the command line is wrong.\n";

static const char ppman_text[] =
    "Installs languages as 'belljar pkg' does, with the arguments and answers of Piston's package\n"
    "manager, on this machine and without a server. ('belljar piston ppman' asks a server.)\n"
    "\n"
    "  belljar ppman list                         what is installed (green) and what can be\n"
    "  belljar ppman install python 3.9.4         a version; also python=3.9.4, or the newest: "
    "python\n"
    "  belljar ppman uninstall python 3.9.4\n"
    "  belljar ppman spec FILE.pps                what the file says, and nothing else\n"
    "\n"
    "Exit status: 0; 1 when something did not work; 2 when the command line is wrong.\n";

static const char image_text[] =
    "Makes languages of OCI images: of what 'docker save' writes, of OCI layouts, of a registry's\n"
    "images (by skopeo, when that is installed). docs/images.md tells more.\n"
    "\n"
    "  docker save my/ruby:3.4 >ruby.tar\n"
    "  belljar image import ruby.tar --as ruby34 --language ruby --run 'ruby {main} {args}'\n"
    "  belljar image pull docker.io/library/python:3.13-slim --as python --run 'python3 {main}'\n"
    "  belljar image add my-toy.json                        a spec of one's own\n"
    "  belljar image list\n"
    "  belljar image remove ruby34\n"
    "\n"
    "How it runs is said by --recipe, or --run and --compile; else by what is at\n"
    "/piston/packages/LANGUAGE/VERSION/run in the image, by its run.sh, or by its Entrypoint and "
    "Cmd.\n";

static const char prepare_text[] =
    "Makes what makes compilers fast, once for each version of a tool: precompiled headers, a "
    "filled\n"
    "cache of the standard library, archives of classes. Each is made in a box of its own and kept "
    "in\n"
    "the directory that --prepare-dir names; boxes see it as /opt/belljar, and cannot write to it. "
    "A\n"
    "running server uses it at once. 'belljar serve' does the same in the background, when the "
    "machine\n"
    "is idle, unless prepare.auto is false. What belongs to tools that are gone is removed.\n"
    "\n"
    "  belljar prepare                            what is missing, and what failed before\n"
    "  belljar prepare --list                     what there is, and its size on the disk\n"
    "  belljar prepare go c++                     these alone\n"
    "  belljar prepare --data /var/lib/belljar    for a server with this data directory\n"
    "\n"
    "Everything works without, slower. Exit status: 0, or 1 when one could not be made.\n";

static const char prove_text[] =
    "Shows that boxes hold on this host, as it is and as it is configured: starts a server of its "
    "own,\n"
    "attacks it with some hundred programs, and prints what threatens, what stops it, and what "
    "came of\n"
    "it. After each it counts what is on the host. Takes a few minutes; a server that is at work "
    "is\n"
    "not touched.\n"
    "\n"
    "  belljar prove                              everything\n"
    "  belljar prove fork_bomb read_host          these programs only\n"
    "  belljar prove processes                    the privileges of belljar's own processes only\n"
    "  belljar prove --json > proof.json\n"
    "  belljar prove --jobs 10000                 and so many random programs\n"
    "\n"
    "held: it was tried and did not succeed. LEAKED: it did, or something was left behind. absent: "
    "this\n"
    "host lacks what the promise needs; 'belljar doctor' says how to get it. not run: there is no\n"
    "compiler for it, or the configuration allows less than it asks for.\n"
    "\n"
    "Exit status: 0 when nothing leaked, else 1.\n";

static const char piston_text[] =
    "The command line of Piston, word for word; a link named 'piston' to belljar does the same.\n"
    "It talks to any Piston or belljar over HTTP: http://127.0.0.1:2000, or the one that -u "
    "names.\n"
    "\n"
    "  belljar piston run python test.py -l 3.x\n"
    "  belljar piston -u http://127.0.0.1:2358 ppman list\n"
    "\n"
    "'belljar piston --help' and 'belljar piston run --help' explain its words.\n";

static const char help_text[] =
    "Explains belljar, one of its commands, or ('options') its settings.\n"
    "\n"
    "  belljar help run\n"
    "  belljar help options\n";

static const char version_text[] = "Prints the version of belljar, and the kernel it runs on.\n";

static const char docs_text[] =
    "Prints the pages of docs/ that are made from belljar's own tables.\n"
    "\n"
    "  belljar docs options > docs/options.md\n";

static const struct cli_flag serve_flags[] = {
    {"--print-config", 0, NULL, "Print every setting and where it came from, and end."},
    {0},
};

static const struct cli_flag doctor_flags[] = {
    {"--json", 0, NULL, "Print the table as JSON."},
    {0},
};

const struct command commands[] = {
    {"run", cmd_run, "run [FLAGS] FILE [ARGS...]", "run a program and pass its input and output",
     run_text, run_flags, "limits sandbox", true},
    {"runtimes", cmd_runtimes, "runtimes [--json] [--url URL]",
     "list the languages that can be run", runtimes_text, runtimes_flags, "sandbox", false},
    {"submit", cmd_submit, "submit [FLAGS] FILE [ARGS...]", "hand a program to a server",
     submit_text, submit_flags, "limits", true},
    {"status", cmd_status, "status [--json] ID", "say what has become of it", status_text,
     status_flags, NULL, false},
    {"watch", cmd_watch, "watch [FLAGS] ID", "show what it prints, as it comes", watch_text,
     execution_flags, NULL, false},
    {"cancel", cmd_cancel, "cancel [FLAGS] ID", "end it", cancel_text, execution_flags, NULL,
     false},
    {"serve", cmd_serve, "serve [FLAGS]", "answer the HTTP API", serve_text, serve_flags,
     "server log engine store callbacks prepare sandbox limits piston network compat runtimes "
     "judge0.conf",
     false},
    {"top", cmd_top, "top [--once] [FLAGS]", "show a server at work", top_text, top_flags, NULL,
     false},
    {"ps", cmd_ps, "ps [--json] [FLAGS]", "list the boxes of a server", ps_text, ps_flags, NULL,
     false},
    {"db", cmd_db, "db ACTION [FLAGS]", "back up, check, export, import or purge the store",
     db_text, db_flags, "server", false},
    {"key", cmd_key, "key ACTION [FLAGS]", "add, list or revoke keys of callers", key_text,
     key_flags, "server", false},
    {"doctor", cmd_doctor, "doctor [--json]", "say what this machine gives, and what is missing",
     doctor_text, doctor_flags, "sandbox", false},
    {"pkg", cmd_pkg, "pkg ACTION [FLAGS] [NAME...]", "install languages, and keep them up to date",
     pkg_text, pkg_flags, "server.data piston.repo_url packages runtimes sandbox", false},
    {"ppman", cmd_ppman, "ppman ACTION [NAME [VERSION]...]", NULL, ppman_text, NULL,
     "server.data piston.repo_url packages runtimes sandbox", false},
    {"image", cmd_image, "image import|pull|add|list|remove ...", "make languages of OCI images",
     image_text, image_flags, "server.data packages runtimes sandbox", false},
    {"prepare", cmd_prepare, "prepare [--list] [FLAGS] [NAME...]", "make compilers fast",
     prepare_text, prepare_flags, "prepare sandbox", false},
    {"prove", cmd_prove, "prove [FLAGS] [PROGRAM...]",
     "attack this machine's boxes, and say what held", prove_text, prove_flags,
     "engine sandbox limits", false},
    {"piston", cmd_piston, "piston COMMAND ...", "Piston's command line", piston_text, NULL, NULL,
     true},
    {"version", cmd_version, "version", "print the version", version_text, NULL, NULL, false},
    {"help", cmd_help, "help [COMMAND | options]", "explain a command, or the settings", help_text,
     NULL, NULL, false},
    {"docs", cmd_docs, "docs options", NULL, docs_text, NULL, NULL, false},
};
const size_t command_count = ARRAY_LEN(commands);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}
