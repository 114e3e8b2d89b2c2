open(my $out, ">>", $0);
print $out "print qq{added\\n};\n";
close $out;
print "first\n";
