# threat: A6
# defence: file names are judged before a box is made
# tries: a file whose name leads out by the middle
# must: the request is refused, and nothing runs
# request: {"files": [{"path": "a/../../x", "content": "LEAK"}]}
# expect: {"status": 422}
print("LEAK: it ran")
