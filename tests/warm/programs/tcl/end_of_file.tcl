puts before
puts never
