# threat: A6
# defence: files are unpacked below the working directory, by the program's own id
# tries: one name as a file and as a directory
# must: refused, or one of them fails: no program runs
# request: {"files": [{"path": "a", "content": "x"}, {"path": "a/b", "content": "x"}]}
# expect: {"status": 422}
print("LEAK: it ran")
