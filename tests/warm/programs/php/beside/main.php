<?php
require "second.php";
require_once __DIR__ . "/second.php";
var_dump(get_included_files());
