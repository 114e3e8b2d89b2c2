<?php
$all = ini_get_all(null, false);
ksort($all);
var_dump($all, get_loaded_extensions(), error_reporting(), php_ini_loaded_file(), stream_get_wrappers());
