echo $argv (status filename) (status is-interactive; echo $status) $fish_pid | string replace $fish_pid pid
pwd
umask
