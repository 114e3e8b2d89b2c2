echo kept
kill -KILL $$
