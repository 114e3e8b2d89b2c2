cat <<END
here $((6 * 7))
END
while read -r line; do echo "[$line]"; done < <(printf '%s\n' a b)
[[ abc =~ b(.) ]] && echo "${BASH_REMATCH[1]}"
coproc cat
echo through >&"${COPROC[1]}"
read -r back <&"${COPROC[0]}"
echo "$back"
set -e
false
echo never
