from . import __name__ as outer

NAME = outer, __name__
