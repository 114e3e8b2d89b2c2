(print (< (get-internal-real-time) 1000000))
