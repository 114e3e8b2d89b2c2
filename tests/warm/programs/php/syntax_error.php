<?php
echo "never"
if {
