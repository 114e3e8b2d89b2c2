println 'echo from a child'.execute().text
def one = ['sh', '-c', 'exit 4'].execute()
println one.waitFor()
