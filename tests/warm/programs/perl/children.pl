$| = 1;
print `echo from a child`;
my $pid = fork;
exit 4 if !$pid;
waitpid $pid, 0;
print $? >> 8, "\n";
print system($^X, "-e", "print qq{inner\n}"), "\n";
print wait, "\n";
