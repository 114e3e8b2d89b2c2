<?php
foreach (["status", "limits", "cmdline", "environ", "oom_score_adj", "cgroup"] as $file) {
    echo implode(preg_grep("/^(Vm|Rss|SigQ|voluntary|nonvoluntary|Hugetlb|THP)/", file("/proc/self/$file"), PREG_GREP_INVERT));
}
printf("%o %s %s\n", umask(), getmyuid(), getmyinode() > 0);
