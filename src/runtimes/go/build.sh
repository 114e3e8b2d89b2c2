# SPDX-License-Identifier: Apache-2.0
# Makes a.out of one file as `go build` does, with the two commands that it runs and without its own work: prepare.sh
# has put them in the places of COMPILE and LINK.  go itself is asked for whatever they cannot do or have anything to
# say of, so that all messages are go's.
#
#   sh build GO FILE [OPTION...]
go=$1 file=$2
shift 2

ask_go() {
	exec "$go" build -o a.out "$@" "$file"
}

# What go would look at, too: the file's name, options, the environment, the module, what is there already.
case $file in
*/* | -* | *_test.go) ask_go "$@" ;;
*.go) ;;
*) ask_go "$@" ;;
esac
case "$#|$GOFLAGS|$CGO_ENABLED|$GOOS$GOARCH$GOAMD64$GOARM64$GOEXPERIMENT$GODEBUG$GOFIPS140$GOROOT$GOENV$GO111MODULE$GOWORK" in
'0|-mod=mod|0|') ;;
*) ask_go "$@" ;;
esac
for other in go.mod go.work a.out; do
	[ ! -e "$other" ] || ask_go
done

compile() {
	COMPILE
}

link() {
	LINK
}

# A program may say which GODEBUG it is built for: the compiler does not mind, go does.
if said=$(compile 2>&1 && ! grep -q '//go:debug' "./$file" && link 2>&1) && [ -z "$said" ]; then
	exit
fi
rm -f a.out /tmp/main.a
ask_go
