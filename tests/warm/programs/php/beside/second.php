<?php
echo __FILE__, "\n";
