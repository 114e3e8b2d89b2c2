ls -lan --time-style=+ . /tmp /dev/shm | grep -v ' \.\.$'
ls -l --time-style=+ "$0"
