print "never";
if (1 {
