<?php
echo file_get_contents(__FILE__), filesize($argv[0]), "\n";
__halt_compiler();
not php