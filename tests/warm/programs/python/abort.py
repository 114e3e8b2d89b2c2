import os

print("kept", flush=True)
os.abort()
