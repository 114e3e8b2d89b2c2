import second
print second.__file__
