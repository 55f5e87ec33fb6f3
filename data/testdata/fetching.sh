# What fetch-tables.sh, fetch-texts.sh and fetch-pairs.sh share; they source it. What cannot be had is said
# and skipped.

skip() { echo "skipped: $1" >&2; }

# checked FILE SHA256: whether the file is the one that is meant
checked() {
	if ! echo "$2  $1" | sha256sum --check --status; then
		skip "$1 is not the file that is meant (SHA-256 $(sha256sum "$1" | cut -d' ' -f1), want $2)"
		return 1
	fi
}

# debian PACKAGE VERSION SHA256: unpacks a package without installing it
debian() {
	command -v apt-get >/dev/null && command -v Rscript >/dev/null || { skip "$1: apt-get and Rscript are needed"; return 1; }
	apt-get download -q "$1=$2" >/dev/null 2>&1 || { skip "$1 $2 cannot be had from Debian"; return 1; }
	set -- "$1" "$2" "$3" "$(echo "$1"_*.deb)"
	checked "$4" "$3" && dpkg-deb -x "$4" "$1"
}

# frame PACKAGE FOLDER OBJECT FILE: writes a data frame of a package as CSV
frame() {
	local file
	file=$(find "$1" -path "*/$2/data/*" \( -name "Rdata.rdb" -o -name "$3.rda" -o -name "$3.RData" \) | head -1)
	Rscript --vanilla -e '
a <- commandArgs(TRUE)
e <- new.env()
if (endsWith(a[1], ".rdb")) lazyLoad(sub("[.]rdb$", "", a[1]), envir = e) else load(a[1], envir = e)
write.csv(as.data.frame(get(a[2], envir = e)), a[3], row.names = FALSE)' "$file" "$3" "$4" >/dev/null 2>&1
}

# lists LANGUAGES: fetches Debian's lists of packages, bookworm, main, amd64, with descriptions in languages as
# apt.conf has them, into the folder lists
lists() {
	command -v apt-get >/dev/null || { skip "Debian's lists: apt-get is needed"; return 1; }
	chmod 755 . # apt fetches as a user of its own
	mkdir -p lists/partial cache
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${DEBIAN_MIRROR:-http://deb.debian.org/debian} bookworm main" >sources.list
	cat >apt.conf <<CONF
#clear Acquire::Languages;
Acquire::Languages { $1 };
#clear APT::Architectures;
APT::Architecture "amd64";
CONF
	apt-get -c apt.conf -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" \
		-o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null -q update >apt.log 2>&1 ||
		{ skip "Debian's lists: apt cannot fetch them: $(tail -1 apt.log)"; return 1; }
}

# list NAME TO: unpacks one of the lists that apt has fetched
list() {
	local file
	file=$(find lists -maxdepth 1 -name "*_dists_bookworm_$1*" | head -1)
	[ -n "$file" ] && /usr/lib/apt/apt-helper cat-file "$file" >"$2"
}
