<?php
echo $missing;
echo [1][3];
function f(int $x) { throw new LogicException("no $x"); }
try { f("a"); } catch (TypeError $e) { echo get_class($e), $e->getLine(), "\n"; }
f(3);
