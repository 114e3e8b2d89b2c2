class Point { int x, y; int area() { x * y } }
println new Point(x: 3, y: 4).area()
println([1, 2, 3].collect { it * 2 }.inject { a, b -> a + b })
println([a: 1, b: 2].findAll { k, v -> v > 1 })
println "${(1..20).inject(1G) { a, b -> a * b }}"
println evaluate('1 + 2')
println Eval.me('"made " + "here"')
@groovy.transform.Immutable class Pair { int a, b }
println new Pair(1, 2)
