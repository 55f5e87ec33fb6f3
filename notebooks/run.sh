#!/usr/bin/env bash
# Executes notebooks from their first cell to their last and fails on an error in
# any cell. The executed copies are kept in notebooks/executed.
#
#   run.sh [NAME...]          NAME such as 01-first-network; none: all
#   run.sh --write [NAME...]  put the executed copies in place of the notebooks
set -euo pipefail
cd "$(dirname "$0")"
write=no
if [ "${1:-}" = --write ]; then
	write=yes
	shift
fi
names=("$@")
if [ ${#names[@]} = 0 ]; then
	for file in [0-9]*.ipynb; do names+=("${file%.ipynb}"); done
fi
# Real tables for the notebooks that read some.
export AEGIS_TABLES=${AEGIS_TABLES:-${AEGIS_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/aegis}/tables}
[ -f "$AEGIS_TABLES/cars-mpg.csv" ] || ../data/testdata/fetch-tables.sh "$AEGIS_TABLES" || true # the notebook says what is missing
# Newton's Opticks, for the notebook on language, from Go's source tree.
texts=${AEGIS_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/aegis}/texts
if ! [ -f "$texts/opticks.txt" ]; then
	mkdir -p "$texts"
	cp "$(go env GOROOT)/src/testdata/Isaac.Newton-Opticks.txt" "$texts/opticks.txt" || true # the notebook says what is missing
fi
mkdir -p executed
passed=0 failed=0
for name in "${names[@]}"; do
	name=$(basename "$name" .ipynb)
	begin=$SECONDS
	if ! [ -f "$name.ipynb" ]; then
		echo "run: there is no notebook $name.ipynb" >&2
		failed=$((failed + 1))
	elif log=$(jupyter nbconvert --to notebook --execute "$name.ipynb" --output "$name" --output-dir executed \
		--CoalesceStreamsPreprocessor.enabled=True \
		--ExecutePreprocessor.timeout=600 --ExecutePreprocessor.record_timing=False 2>&1); then
		echo "run: $name: $((SECONDS - begin)) s"
		passed=$((passed + 1))
		if [ $write = yes ]; then cp "executed/$name.ipynb" "$name.ipynb"; fi
	else
		printf '%s\n' "$log" >&2
		echo "run: $name: failed after $((SECONDS - begin)) s" >&2
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
