<?php
ksort($_SERVER);
foreach ($_SERVER as $name => $value) {
    if (strpos($name, "TIME") === false) {
        echo $name, " ", json_encode($value), "\n";
    }
}
var_dump(getenv());
