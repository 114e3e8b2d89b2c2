<?php
register_shutdown_function(function () { echo "end\n"; });
ob_start();
echo "kept";
exit(11);
