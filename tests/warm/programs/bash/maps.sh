awk 'NF > 5 { print $2, $6 }' /proc/$$/maps | sort | uniq -c
