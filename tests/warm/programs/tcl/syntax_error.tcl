puts before
puts "no end
