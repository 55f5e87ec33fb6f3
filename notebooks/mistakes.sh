#!/usr/bin/env bash
# Executes testdata/mistakes.ipynb, whose cells hold mistakes, and checks that each
# fails with the one line that is kept there, and that the kernel lives on.
#
#   mistakes.sh          check
#   mistakes.sh --write  keep the lines as they are now
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p executed
if ! log=$(jupyter nbconvert --to notebook --execute --allow-errors testdata/mistakes.ipynb --output mistakes --output-dir executed \
	--ExecutePreprocessor.timeout=600 --ExecutePreprocessor.record_timing=False 2>&1); then
	printf '%s\n' "$log" >&2
	exit 1
fi
if [ "${1:-}" = --write ]; then cp executed/mistakes.ipynb testdata/mistakes.ipynb; fi
python3 - testdata/mistakes.ipynb executed/mistakes.ipynb <<'PYTHON'
import json
import sys

kept, now = ([c for c in json.load(open(path))["cells"] if c["cell_type"] == "code"] for path in sys.argv[1:3])
wrong = mistakes = 0


def complain(cell, what):
    global wrong
    wrong += 1
    print("mistakes:", "".join(cell["source"]).splitlines()[0] + ":", what, file=sys.stderr)


def said(cell):
    """The texts of a cell's outputs, errors first."""
    errors = [o["evalue"] for o in cell["outputs"] if o["output_type"] == "error"]
    return errors, ["".join(o.get("text", "")) for o in cell["outputs"] if o["output_type"] != "error"]


for before, cell in zip(kept, now, strict=True):
    errors, rest = said(cell)
    if not "".join(cell["source"]).startswith("// mistake:"):
        if errors or not any(t.startswith("alive:") for t in rest):
            complain(cell, f"the kernel does not live on: {errors + rest}")
        continue
    mistakes += 1
    if len(errors) != 1 or rest:
        complain(cell, f"want one error and nothing else, have {errors + rest}")
    elif "\n" in errors[0].strip() or not errors[0].strip():
        complain(cell, f"the error is not one line: {errors[0]!r}")
    elif said(before) != said(cell):
        complain(cell, f"the error is {errors[0]!r}, was {said(before)[0]}")
if mistakes < 10:
    wrong += 1
    print(f"mistakes: {mistakes} cells with mistakes only", file=sys.stderr)
print(f"mistakes: {mistakes} cells, {wrong} wrong")
sys.exit(wrong > 0)
PYTHON
