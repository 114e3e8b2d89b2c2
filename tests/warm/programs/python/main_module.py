import pickle
import sys

import __main__


class Thing:
    pass


print(__main__.__dict__ is globals(), __main__.Thing is Thing, pickle.loads(pickle.dumps(Thing())).__class__)
print(sys.modules["__main__"].__spec__, Thing.__module__, Thing.__qualname__)
