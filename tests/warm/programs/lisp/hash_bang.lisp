#!/usr/bin/sbcl --script
(print "after the line")
