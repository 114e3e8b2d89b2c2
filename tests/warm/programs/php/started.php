<?php
var_dump(time() - $_SERVER["REQUEST_TIME"] <= 1, microtime(true) - $_SERVER["REQUEST_TIME_FLOAT"] < 0.5);
