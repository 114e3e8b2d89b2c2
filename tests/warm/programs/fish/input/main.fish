read a b
echo $b,$a
cat
