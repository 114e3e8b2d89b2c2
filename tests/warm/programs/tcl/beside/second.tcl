puts "in [info script]"
