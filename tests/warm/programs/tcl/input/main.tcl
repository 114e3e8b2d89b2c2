puts [gets stdin]
puts [read stdin]
puts [eof stdin]
