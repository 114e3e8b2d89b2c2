# SPDX-License-Identifier: Apache-2.0
# Makes a.out of one file as `go build` does, with the two commands that it runs and without its own work: prepare.sh
# has put them in the places of COMPILE and LINK, and go's settings in that of SETTINGS.  go itself is asked for
# whatever they cannot do, would not look at, or have anything to say of, so that all messages are go's.
#
#   sh build GO FILE [OPTION...]
go=$1 file=$2 place=PLACE
shift 2

ask_go() {
	exec "$go" build -o a.out "$@" "$file"
}

compile() { # go's settings are for this and for link, not for a go that is asked
	SETTINGS
	COMPILE
}

link() {
	LINK
}

# What go reads of a file and the compiler does not: constraints, settings, what is embedded.
has_more() {
	grep -q '//go:[bde]' "./$file"
	[ $? -ne 1 ]
}

case $file in
*/* | *_test.go) ask_go "$@" ;;
[abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789]*.go) ;;
*) ask_go "$@" ;;
esac
others=$GOOS$GOARCH$GOAMD64$GOARM64$GOEXPERIMENT$GODEBUG$GOFIPS140$GOROOT$GOENV$GO111MODULE$GOWORK
case "$#|$GOFLAGS|$CGO_ENABLED|$GOTOOLCHAIN|$GOPATH|$GOCACHE|$XDG_CONFIG_HOME|$TMPDIR$GOTMPDIR$GOCACHEPROG$others" in
"0|-mod=mod|0|local|/tmp/go|$place|$place/config|") ;;
*) ask_go "$@" ;;
esac
for other in go.mod go.work default.pgo a.out; do
	if [ -e "$other" ] || [ -L "$other" ]; then
		ask_go
	fi
done

if said=$(compile 2>&1 && ! has_more 2>&1 && link 2>&1) && [ -z "$said" ]; then
	exit
fi
rm -f a.out /tmp/main.a
ask_go
