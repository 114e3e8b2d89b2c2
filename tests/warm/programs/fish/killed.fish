echo kept
kill -KILL $fish_pid
