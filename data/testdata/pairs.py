"""Makes pairs of packages and their dependencies of Debian's list of packages; fetch-pairs.sh calls it.

    pairs.py RELEASE PACKAGES FOLDER

A row is a package and the name of one that its Depends or Recommends names, without version and
architecture: once, as Depends if it is in both. All alternatives ("a | b") are rows, with their place
among them; a name that no package has, but packages provide, is virtual, and one that nothing in the list
provides is missing (of another architecture or section). source and section are those of the dependency, "yes" and
"missing" of names that no package has. Of several versions of a package the first counts. Only Python's standard library is
needed.
"""
import collections
import csv
import hashlib
import json
import os
import re
import sys

from texts import release, source_of, stanzas


def write_csv(path, head, rows):
    """Writes a table, by a rename, and returns the SHA-256 of the file."""
    with open(path + ".part", "w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(head)
        table.writerows(rows)
    os.replace(path + ".part", path)
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def names(field):
    """(name, place among its alternatives) of a field of relations, as Debian Policy 7.1 writes it."""
    for clause in field.replace("\n", " ").split(","):
        for place, relation in enumerate(clause.split("|"), 1):
            name = re.match(r"[^\s:(\[]*", relation.strip()).group()
            if name:
                yield name, place


def main(release_file, packages, folder):
    known = {}
    for package in stanzas(open(packages, encoding="utf-8").read()):
        if "Package" in package:
            known.setdefault(package["Package"], package)
    provided = {name for p in known.values() for name, _ in names(p.get("Provides", ""))}
    rows, counts = [], collections.Counter()
    for name in sorted(known):
        seen = set()
        for kind in "Depends", "Recommends":
            for other, place in names(known[name].get(kind, "")):
                if other in seen:
                    counts["repeated"] += 1
                    continue
                seen.add(other)
                what = "no" if other in known else "yes" if other in provided else "missing"
                counts[kind.lower()] += 1
                counts["not the first alternative"] += place > 1
                counts["virtual"] += what == "yes"
                counts["missing"] += what == "missing"
                of = known.get(other, {})
                rows.append((name, other, kind.lower(), place, what, source_of(of) if of else what, of.get("Section", what)))
    told = {
        "release": release(open(release_file, encoding="utf-8").read()),
        "files": {
            "pairs.csv": {
                "sha256": write_csv(os.path.join(folder, "pairs.csv"), ("package", "dependency", "kind", "alternative", "virtual", "source", "section"), rows),
                "rows": len(rows), "packages": len({r[0] for r in rows}), "dependencies": len({r[1] for r in rows}), "counts": dict(counts),
            },
        },
    }
    with open(os.path.join(folder, "debian.json"), "w", encoding="utf-8") as out:
        json.dump(told, out, indent=1)
        out.write("\n")
    print(json.dumps(told["files"], indent=1))


main(*sys.argv[1:])
