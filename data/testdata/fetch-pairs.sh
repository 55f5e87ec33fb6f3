#!/usr/bin/env bash
# Makes pairs of Debian's packages and what they depend on or recommend, for recommendation, in a
# folder of the user's data sets: $AEGIS_DATA/pairs, or aegis/pairs in the user's cache folder.
#
#   fetch-pairs.sh [FOLDER]
#
# Debian's list of packages, bookworm, main, amd64, from $DEBIAN_MIRROR (otherwise
# http://deb.debian.org/debian): pairs.csv (package, dependency, kind, alternative, virtual, and source and
# section of the dependency), and debian.json, which says of what date it is, with its SHA-256 and what was
# counted.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/fetching.sh"
folder=${1:-${AEGIS_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/aegis}/pairs}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v python3 >/dev/null || { skip "everything: python3 is needed"; exit 1; }
lists '"none";' && list InRelease release && list main_binary-amd64_Packages packages ||
	{ skip "pairs: the lists cannot be had"; exit 1; }
python3 -B "$here/pairs.py" release packages "$folder" || { skip "pairs: the lists cannot be read"; exit 1; }
echo "pairs are in $folder"
