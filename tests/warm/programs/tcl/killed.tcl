puts kept
flush stdout
exec kill -KILL [pid]
