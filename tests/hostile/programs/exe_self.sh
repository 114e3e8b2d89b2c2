# threat: D10
# defence: the program is started by its own path; init's binary is not in the box
# tries: be a script whose interpreter is /proc/self/exe, /proc/1/exe or /dev/stdin, and links to them
# must: none of them runs init, and none loops
cd /tmp
for interpreter in /proc/self/exe /proc/1/exe /proc/2/exe /dev/stdin /proc/self/fd/5; do
    printf '#!%s\n' "$interpreter" > script
    chmod +x script
    out=$(timeout 2 ./script < /dev/null 2>&1)
    case $out in
        *"box init"*) echo "LEAK: $interpreter is init" ;;
    esac
done
for link in /proc/1/exe /proc/1/root/bin/true; do
    if [ -e "$link" ]; then echo "LEAK: $link is there"; fi
    if cat "$link" > /dev/null 2>&1; then echo "LEAK: $link can be read"; fi
done
if find / -name 'belljar-init*' -not -path '/proc/*' 2>/dev/null | grep -q .; then echo "LEAK: init's binary is in the box"; fi
echo held
