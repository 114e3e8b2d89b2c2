open(my $in, "<", $0);
print <$in>;
print((stat $0)[2, 3, 4, 7] , "\n");
