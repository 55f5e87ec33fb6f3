# What fetch-tables.sh and fetch-texts.sh share; they source it. What cannot be had is said
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
