<?php
$seen = [];
foreach (file("/proc/self/maps") as $line) {
    $f = preg_split("/\s+/", trim($line));
    if (count($f) > 5) {
        $seen["$f[1] $f[5]"] = ($seen["$f[1] $f[5]"] ?? 0) + 1;
    }
}
ksort($seen);
print_r($seen);
