proc inner {} { error "no good" }
puts [catch inner text]
puts $text
inner
