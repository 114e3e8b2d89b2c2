print tell(DATA), " ", -s $0, "\n";
print "[$_]" while <DATA>;
seek(DATA, 0, 0);
print scalar <DATA>;
__DATA__
one
two
