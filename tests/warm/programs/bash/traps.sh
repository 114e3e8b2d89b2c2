trap 'echo at exit $?' EXIT
trap 'echo usr1' USR1
trap 'echo cont' CONT
trap 'echo line $LINENO' ERR
kill -USR1 $$
kill -CONT $$
false
exit 6
