$| = 1;
print "kept\n";
kill KILL => $$;
