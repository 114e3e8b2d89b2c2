import os

import package.inner
import second

print(second.NAME, package.inner.NAME, package.__path__, second.__file__, second.__cached__)
print(sorted(os.listdir(".")), open("data.txt").read())
