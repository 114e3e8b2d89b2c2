print __FILE__, " ", (caller)[1], "\n";
1;
