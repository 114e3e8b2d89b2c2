<?php
print_r(scandir("."));
printf("%o %s\n", fileperms(__FILE__), fileowner("."));
