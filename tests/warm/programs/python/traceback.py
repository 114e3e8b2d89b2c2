def inner(n):
    return 1 / n


def outer():
    try:
        inner(0)
    except ZeroDivisionError as problem:
        raise KeyError("outer") from problem


print("before")
outer()
