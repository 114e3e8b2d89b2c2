package Second;
sub name { __PACKAGE__ }
1;
