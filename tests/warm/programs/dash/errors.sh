echo before
no_such_program with arguments
cat /no/such/file
exit 3
