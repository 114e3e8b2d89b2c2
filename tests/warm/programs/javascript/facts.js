const fs = require("fs");
for (const name of ["status", "limits", "cmdline", "environ", "cgroup", "oom_score_adj"]) {
    console.log(fs.readFileSync("/proc/self/" + name, "latin1").split("\n")
        .filter(line => !/^(Vm|Rss|SigQ|voluntary|nonvoluntary|Hugetlb|THP)/.test(line)).join("\n"));
}
