print $SECONDS
