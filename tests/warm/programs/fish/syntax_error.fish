echo before
if true
    echo inside
