after 1 {puts later; set done 1}
vwait done
puts [after info]
