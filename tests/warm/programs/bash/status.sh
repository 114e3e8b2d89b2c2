while IFS= read -r line; do
    case $line in
    Vm* | Rss* | SigQ* | voluntary* | nonvoluntary* | Hugetlb* | THP*) ;;
    *) echo "$line" ;;
    esac
done </proc/$$/status
sed 's/.*)//' /proc/$$/stat | cut -d' ' -f3-7,17-20
cat /proc/$$/limits /proc/$$/oom_score_adj /proc/$$/cgroup
