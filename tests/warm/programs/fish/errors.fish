echo before
no_such_program
string no_such
exit 3
