#!/usr/bin/env bash
# Builds the notebooks' kernel: gophernotes, as its module is published, with one
# file of ours that links the bindings, and three changed lines that call it.
#
#   build.sh FILE    builds to FILE
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -r "$work"' EXIT

source=$(go mod download -json github.com/gopherdata/gophernotes | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cp -r "$source" "$work/gophernotes"
chmod -R u+w "$work/gophernotes"
cp aegis.go.txt "$work/gophernotes/aegis.go"

# replace OLD NEW changes the one line of kernel.go that holds OLD.
replace() {
	local file="$work/gophernotes/kernel.go"
	if [ "$(grep -cF "$1" "$file")" != 1 ]; then
		echo "build.sh: kernel.go of gophernotes does not hold this line once: $1" >&2
		exit 1
	fi
	OLD=$1 NEW=$2 awk '{ i = index($0, ENVIRON["OLD"]); if (i) $0 = substr($0, 1, i-1) ENVIRON["NEW"] substr($0, i+length(ENVIRON["OLD"])); print }' "$file" >"$file.new"
	mv "$file.new" "$file"
}
replace '	"go/ast"' ''
replace '_, srcEndsWithExpr = nodes[len(nodes)-1].(ast.Expr)' 'srcEndsWithExpr = shows(nodes[len(nodes)-1])'
replace 'if nonNilCount > 0 {' 'if err := failure(values); err != nil { return nil, nil, err }; if nonNilCount > 0 {'
replace 'vals, types, executionErr := doEval(ir, outerr, code)' 'vals, types, executionErr := doEval(ir, outerr, code); executionErr = oneLine(executionErr)'

cp go.mod go.sum "$work"
go mod edit -replace "github.com/gopherdata/gophernotes=$work/gophernotes" "$work/go.mod"
CGO_ENABLED=0 go build -modfile "$work/go.mod" -o "$out" github.com/gopherdata/gophernotes
