println Math.random()
println UUID.randomUUID()
println new Random().nextLong()
