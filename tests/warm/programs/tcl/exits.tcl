puts -nonewline kept
exit 11
