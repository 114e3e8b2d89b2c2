# threat: A6
# defence: file names are judged before a box is made
# tries: a file whose name is absolute
# must: the request is refused, and nothing runs
# request: {"files": [{"path": "/etc/passwd", "content": "LEAK"}]}
# expect: {"status": 422}
print("LEAK: it ran")
