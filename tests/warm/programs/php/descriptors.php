<?php
foreach (range(0, 20) as $fd) {
    if ($to = @readlink("/proc/self/fd/$fd")) {
        echo $fd, " ", preg_replace("/\d+/", "", $to), " ", implode(array_slice(file("/proc/self/fdinfo/$fd"), 1, 1));
    }
}
var_dump(get_resources());
