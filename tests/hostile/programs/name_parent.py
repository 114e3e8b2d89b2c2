# threat: A6
# defence: file names are judged before a box is made
# tries: a file whose name leads out of the directory
# must: the request is refused, and nothing runs
# request: {"files": [{"path": "../x", "content": "LEAK"}]}
# expect: {"status": 422}
print("LEAK: it ran")
