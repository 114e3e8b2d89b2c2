<?php
echo mt_rand(), mt_rand(), "\n";
echo random_int(0, PHP_INT_MAX), "\n";
echo uniqid("", true), "\n";
