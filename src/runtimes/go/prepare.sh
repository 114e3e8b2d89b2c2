# SPDX-License-Identifier: Apache-2.0
# Fills out/, whose place will be PLACE: go's cache of the compiled standard library, and a script that builds a
# program of one file with it (build.sh).
#
#   sh prepare.sh GO PLACE
#
# go does without what it could not write to the cache, as boxes cannot.  The environment is part of the cache's keys:
# it is as in the recipes.  A directory of settings lies in it, too: the variable alone ends none of go's counting of
# its own use.
go=$1 place=$2

mkdir -p out/config/go/telemetry && echo off >out/config/go/telemetry/mode && "$go" build std || exit

# One that imports all that a program may import.
sample() {
	echo 'package main'
	"$go" list -f '{{if .GoFiles}}{{.ImportPath}}{{end}}' std |
		sed '/^$/d; /^vendor\//d; /internal/d; s/.*/import _ "&"/'
	echo 'func main() {}'
}

# The line in which go told that it ran this tool, with the files of build.sh.
line_of() {
	sed -n "/\/$1 -o /{
		s|\\\$WORK/b001/importcfg|$GOCACHE/importcfg|
		s|\\\$WORK/b001/_pkg_\.a|/tmp/main.a|
		s|\\\$WORK/b001/exe/a\.out|a.out|
		s|\\\$WORK/b001=>|/tmp/go-build0/b001=>|
		s| -buildid[ =][^ ]*||
		s| \./main\.go\$| \"./\$file\"|
		p
	}" said
}

# What go tells its tools.
settings() {
	for name in GOROOT GOOS GOARCH GOAMD64 GOARM64 GOEXPERIMENT; do
		printf "\texport %s='%s'\n" "$name" "$("$go" env "$name")"
	done
}

build_with() {
	while IFS= read -r line; do
		case $line in
		'	COMPILE') printf '\t%s\n' "$1" ;;
		'	LINK') printf '\t%s\n' "$2" ;;
		'	SETTINGS') settings ;;
		*'place=PLACE') printf '%s\n' "${line%PLACE}'$GOCACHE'" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <build.sh
}

# How this go builds a program.
take_apart() {
	sample >main.go && "$go" build -x -work -o a.out main.go 2>said || return
	work=$(sed -n 's/^WORK=//p' said)
	cp "$work/b001/importcfg" "$work/b001/importcfg.link" out &&
		build_with "$(line_of compile)" "$(line_of link)" >out/build
}

# Without go it must build one program, and end with an error at another.
is_whole() {
	rm -f a.out
	printf 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(1) }\n' >'an other.go'
	sh out/build false 'an other.go' && [ "$(./a.out)" = 1 ] || return
	rm a.out
	printf 'package main\n\nimport "internal/abi"\n\nfunc main() { abi.F() }\n' >'an other.go'
	! sh out/build false 'an other.go'
}

if take_apart && is_whole; then
	sed -i "s|$GOCACHE|$place|g" out/build out/importcfg out/importcfg.link
else # a go of another kind
	build_with false false >out/build
fi
