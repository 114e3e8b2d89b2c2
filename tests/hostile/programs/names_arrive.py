# threat: A6
# defence: file names are judged before a box is made, and opened below its directory only
# tries: names with ., .., spaces, quotes, globs, control characters and other alphabets
# must: all of them arrive below the working directory, and nothing outside
# request: {"files": [{"path": "d/../inside", "content": "x"}, {"path": "./dot", "content": "x"}, {"path": "a b/$(id)", "content": "x"}, {"path": "-rf", "content": "x"}, {"path": "*", "content": "x"}, {"path": "~", "content": "x"}, {"path": "\u00fc\u4e2d\ud83d\ude00", "content": "x"}, {"path": "..x", "content": "x"}, {"path": "...", "content": "x"}, {"path": "a\\b", "content": "x"}]}
import os
wanted = {"inside", "dot", "a b", "-rf", "*", "~", "\u00fc\u4e2d\U0001f600", "..x", "...", "a\\b", "names_arrive.py"}
found = set(os.listdir("/box"))
if found != wanted:
    print("LEAK: other names in /box:", found ^ wanted)
if os.listdir("/box/a b") != ["$(id)"]:
    print("LEAK: in 'a b':", os.listdir("/box/a b"))
for place in ("/tmp", "/dev/shm", "/home", "/root", "/run", "/mnt"):
    if os.listdir(place):
        print("LEAK: in", place, os.listdir(place))
print("held")
