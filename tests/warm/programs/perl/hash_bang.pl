#!/usr/bin/perl -w
my $x;
print "a" . $x;
