BEGIN { print "begin ${^GLOBAL_PHASE}\n" }
INIT { print "init\n" }
CHECK { print "check\n" }
END { print "end\n" }
print "run ${^GLOBAL_PHASE}\n";
