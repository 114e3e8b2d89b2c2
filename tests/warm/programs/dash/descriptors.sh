for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12 255; do
    if test -e /proc/$$/fd/$fd; then
        echo $fd $(ls -l /proc/$$/fd/$fd | sed 's/.*-> //; s/[0-9]*//g') $(head -n 2 /proc/$$/fdinfo/$fd)
    fi
done
