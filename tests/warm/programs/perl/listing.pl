print join(",", sort glob("* .*")), "\n";
printf "%o %s %s\n", (stat ".")[2, 4, 5];
