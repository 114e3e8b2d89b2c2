print(repr(input("a? ")), repr(input()))
for line in open(0, closefd=False):
    print(repr(line))
input()
