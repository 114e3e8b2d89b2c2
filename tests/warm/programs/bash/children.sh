(exit 4)
echo $?
true & 
wait $!
echo $?
sh -c 'echo $PPID' | grep -cx $$
echo $(echo nested $(echo deeper))
