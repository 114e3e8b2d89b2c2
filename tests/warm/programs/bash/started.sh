echo $SECONDS
printf "%(%s)T %(%s)T\n" -1 -2 | awk '{ print $1 - $2 < 2 }'
