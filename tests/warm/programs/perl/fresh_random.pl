print rand, "\n";
print join(",", keys %{{ map { $_ => 1 } 1 .. 40 }}), "\n";
print \my $x, "\n";
