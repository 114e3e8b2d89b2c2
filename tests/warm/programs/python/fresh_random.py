import os
import random
import secrets
import uuid

print(random.random())
print(random.SystemRandom().random())
print(os.urandom(8).hex(), secrets.token_hex())
print(uuid.uuid4())
