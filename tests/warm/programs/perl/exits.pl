END { print "end $?\n" }
$| = 0;
print "kept";
exit 11;
