import inspect
def f():
    pass # kept
print inspect.getsource(f), open(__file__).read()
