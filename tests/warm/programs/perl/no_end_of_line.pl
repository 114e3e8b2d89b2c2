print "first\n";
print "last"