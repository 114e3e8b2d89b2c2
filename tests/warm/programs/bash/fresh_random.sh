echo $RANDOM$RANDOM$RANDOM
echo $SRANDOM
mktemp -u
