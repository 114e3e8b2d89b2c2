ls -lan --time-style=+ . /dev/shm | grep -v ' \.\.$'
