<?php
var_dump($argc, $argv, __FILE__, __DIR__, __LINE__, getcwd(), PHP_SAPI, PHP_BINARY, get_included_files());
