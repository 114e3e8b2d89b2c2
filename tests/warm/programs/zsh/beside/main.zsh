. ./second
hello "$0"
ls
