"""Its own text."""
print(__name__, __file__, __package__, __spec__, type(__loader__), __doc__, __builtins__)
print(sorted(globals()))
print({name: value for name, value in globals().items() if isinstance(value, str)})
