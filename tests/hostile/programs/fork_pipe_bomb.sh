# threat: B1
# defence: limit of processes
# tries: the shell's fork bomb: each copy starts two in a pipe, and does not wait
# must: the process limit holds, and the wall limit ends it
# shows: eight generations, which are some hundred processes
# request: {"limits": {"wall_ms": 3000}}
# expect: {"verdict": "wall_time_limit", "lacks": "LEAK"}
# needs: process limit
# off: processes
# control: bare
exec 3>&1
bomb()
{
    if (($1 == 0)); then
        sleep 0.5 # for the other leaves
        n=$(echo /proc/[0-9]* | wc -w)
        ((n < 200)) || echo "LEAK: $n processes" >&3
        sleep 4
        return
    fi
    bomb $(($1 - 1)) | bomb $(($1 - 1)) &
}
bomb 7 2>/dev/null
sleep 9
