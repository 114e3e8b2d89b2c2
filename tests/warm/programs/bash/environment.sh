env | sort | grep -v '^_='
pwd
umask
set | grep -E '^(IFS|PATH|PS4|OPTIND|PWD|HOME|SHELL|TERM)='
