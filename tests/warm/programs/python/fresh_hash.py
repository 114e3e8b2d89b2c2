print(hash("text"))
print(hash(b"bytes"))
