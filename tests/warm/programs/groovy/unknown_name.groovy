println 'before'
println nobodyKnowsThis
