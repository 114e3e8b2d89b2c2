println new Helper().answer()
println new File('data.txt').text
