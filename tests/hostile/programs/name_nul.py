# threat: A6
# defence: file names are judged before a box is made
# tries: a file whose name holds a NUL
# must: the request is refused, and nothing runs
# request: {"files": [{"path": "a\u0000b", "content": "LEAK"}]}
# expect: {"status": 422}
print("LEAK: it ran")
