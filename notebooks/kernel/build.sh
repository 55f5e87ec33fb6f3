#!/usr/bin/env bash
# Builds the notebooks' kernel: gophernotes, as its module is published, with one
# file of ours that links the bindings, and four changed lines that call it; and
# gomacro, its interpreter, with three changed lines.
#
#   build.sh FILE    builds to FILE
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -r "$work"' EXIT

# copy MODULE NAME copies a module, as it was downloaded, to the folder of work.
copy() {
	local source
	source=$(go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
	cp -r "$source" "$work/$2"
	chmod -R u+w "$work/$2"
}
copy github.com/gopherdata/gophernotes gophernotes
copy github.com/cosmos72/gomacro gomacro
cp aegis.go.txt "$work/gophernotes/aegis.go"

# replace FILE OLD NEW changes the one line of a file that holds OLD.
replace() {
	local file="$work/$1"
	if [ "$(grep -cF "$2" "$file")" != 1 ]; then
		echo "build.sh: $1 does not hold this line once: $2" >&2
		exit 1
	fi
	OLD=$2 NEW=$3 awk '{ i = index($0, ENVIRON["OLD"]); if (i) $0 = substr($0, 1, i-1) ENVIRON["NEW"] substr($0, i+length(ENVIRON["OLD"])); print }' "$file" >"$file.new"
	mv "$file.new" "$file"
}
replace gophernotes/kernel.go '	"go/ast"' ''
replace gophernotes/kernel.go '_, srcEndsWithExpr = nodes[len(nodes)-1].(ast.Expr)' 'srcEndsWithExpr = shows(nodes[len(nodes)-1])'
replace gophernotes/kernel.go 'if nonNilCount > 0 {' 'if err := failure(values); err != nil { return nil, nil, err }; if nonNilCount > 0 {'
replace gophernotes/kernel.go 'vals, types, executionErr := doEval(ir, outerr, code)' 'vals, types, executionErr := doEval(ir, outerr, code); executionErr = oneLine(executionErr)'

# The interpreter describes a compiled type by what reflection says of it. While a
# type is not complete, because it is reached from within itself as
# gorgonia.Node is from its children, gomacro takes slices and maps of it, and
# pointers to it, for approximations, and never again for what they are:
# whether []*gorgonia.Node could be used hung on the order of a map. The exact type
# is at hand, so it is used.
exact() { replace gomacro/xreflect/fromreflect.go "$@"; }
exact 'rtype = r.SliceOf(e.approxReflectType())' 'if !v.rebuild() { return v.maketype(types.NewSlice(e.gtype), r.SliceOf(rtype.Elem()), OptDefault) }; rtype = r.SliceOf(e.approxReflectType())'
exact 'rtype = r.MapOf(k.approxReflectType(), e.approxReflectType())' 'if !v.rebuild() { return v.MakeType(types.NewMap(k.gtype, e.gtype), r.MapOf(rtype.Key(), rtype.Elem()), OptDefault) }; rtype = r.MapOf(k.approxReflectType(), e.approxReflectType())'
exact '		opt = e.option' '		if rebuild { opt = e.option }'

cp go.mod go.sum "$work"
go mod edit -replace "github.com/gopherdata/gophernotes=$work/gophernotes" \
	-replace "github.com/cosmos72/gomacro=$work/gomacro" "$work/go.mod"
# -trimpath: what is built of the copies does not depend on where they lie, and is
# found in the build cache the next time.
CGO_ENABLED=0 go build -trimpath -modfile "$work/go.mod" -o "$out" github.com/gopherdata/gophernotes
