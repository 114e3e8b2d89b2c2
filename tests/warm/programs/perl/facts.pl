for my $file ("status", "limits", "cmdline", "environ", "oom_score_adj", "cgroup") {
    open(my $in, "<", "/proc/self/$file") or die;
    print grep { !/^(Vm|Rss|SigQ|voluntary|nonvoluntary|Hugetlb|THP)/ } <$in>;
}
printf "%o %s %s %s %s\n", umask, getppid, getpgrp, $<, $(;
