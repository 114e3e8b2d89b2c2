read a b
echo "$b,$a"
cat
read c
echo $?
