my $first = <STDIN>;
print "first $first";
print "rest $_" while <>;
print eof(STDIN), "\n";
