while read -l line
    string match -qr '^(Vm|Rss|SigQ|voluntary|nonvoluntary|Hugetlb|THP)' -- $line
    or echo $line
end </proc/$fish_pid/status
cat /proc/$fish_pid/limits
