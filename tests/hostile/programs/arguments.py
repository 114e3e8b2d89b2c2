# threat: A14
# defence: arguments are an array from the request to execve; no shell sees them
# tries: arguments that a shell, an option parser or an interpreter would take for its own
# must: each arrives as it was sent, and nothing runs
# request: {"args": ["$(id)", "`id`", "; id", "| id", "&& id", "-c", "--help", "-rf", "a\nid", "", "*", "~", "$HOME", "'", "\"", "\\", "@/etc/passwd", "{main}", "%s%n", "\u001b[2J"], "env": {"A_B": "$(id)"}}
import os, sys
wanted = ["$(id)", "`id`", "; id", "| id", "&& id", "-c", "--help", "-rf", "a\nid", "", "*", "~", "$HOME", "'", '"', "\\", "@/etc/passwd", "{main}", "%s%n", "\x1b[2J"]
if sys.argv[1:] != wanted or os.environ["A_B"] != "$(id)":
    print("LEAK:", sys.argv[1:])
print("held")
