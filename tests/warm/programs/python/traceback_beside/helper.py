def fail(what):
    print(__name__, __file__, __spec__.origin)
    what()
