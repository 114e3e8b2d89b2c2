for n in range(60000):
    print(n)
