['status', 'limits', 'environ', 'cgroup', 'cmdline'].each { name ->
    new File("/proc/self/$name").text.split('\n').each { line ->
        if (!(line =~ /^(Vm|Rss|SigQ|voluntary|nonvoluntary|Hugetlb|THP|Threads)/)) println line
    }
}
