echo "$0 $# $* $-"
tr '\0' '\n' </proc/$$/cmdline
cat /proc/$$/comm
