echo kept
kill -TERM $$
echo never
