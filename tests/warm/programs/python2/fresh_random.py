import random, os
print random.random()
print os.urandom(4).encode("hex")
