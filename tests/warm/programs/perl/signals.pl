print "$_ ", $SIG{$_} // "none", "\n" for sort keys %SIG;
$SIG{CONT} = sub { print "cont\n" };
kill CONT => $$;
$SIG{__DIE__} = sub { print "dying: @_" };
die "here";
