def found = Collections.synchronizedList([])
(1..4).collect { n -> Thread.start { found << n * n } }*.join()
println found.sort()
