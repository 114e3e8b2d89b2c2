print "$0 @ARGV $^X $^W $^H ", __FILE__, " ", __LINE__, " ", __PACKAGE__, "\n";
print "$_\n" for @INC, sort keys %INC;
