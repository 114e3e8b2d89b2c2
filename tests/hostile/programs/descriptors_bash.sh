# threat: A3
# defence: every descriptor is close-on-exec, and closed by range before a program starts
# tries: find a descriptor that was left open, from a shell and from a child of it
# must: 0, 1 and 2; 255 is the script, which bash opened
# off: close-fds
all=(/proc/$$/fd/*)
left=()
for fd in "${all[@]}"; do
    # The directory that was listed is closed by now.
    [[ ${fd##*/} =~ ^(0|1|2|255)$ || ! -e $fd ]] || left+=("$fd")
done
for fd in "${left[@]}"; do
    echo "LEAK: ${fd##*/} $(readlink "$fd")"
done
[[ $(readlink /proc/$$/fd/255) == /box/* ]] || echo "LEAK: the script lies at $(readlink /proc/$$/fd/255)"
seen=$(exec /bin/sh -c 'cd /proc/self/fd && echo *')
[[ $seen =~ ^0\ 1\ 2(\ 3)?$ ]] || echo "LEAK: a child has $seen"
echo held
