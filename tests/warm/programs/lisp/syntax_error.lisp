(print "before")
(print (
