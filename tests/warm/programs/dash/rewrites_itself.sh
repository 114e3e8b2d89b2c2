echo 'echo added' >>"$0"
cat "$0" | tail -n 1
