println new File('main.groovy').text
def f = new File('main.groovy')
println "${f.length()} ${f.isFile()} ${f.canWrite()}"
println new File('.').list().sort()
