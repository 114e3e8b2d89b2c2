<?php
echo shell_exec("echo from a child; ls /proc/self/fd | wc -l");
passthru("exit 4", $code);
var_dump($code);
