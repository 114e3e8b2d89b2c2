<?php
$in = fopen(__FILE__, "r");
fseek($in, __COMPILER_HALT_OFFSET__);
echo stream_get_contents($in);
__halt_compiler();the data