use strict;
use warnings;
my $x;
print "a" . $x, "\n";
warn "careful";
sub f { die { code => 3 } }
eval { f };
print $@->{code}, "\n";
$! = 9;
die "at last\n";
