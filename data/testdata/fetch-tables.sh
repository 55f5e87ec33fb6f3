#!/usr/bin/env bash
# Fetches real tables, with their dirt, from pinned packages into a folder of the
# user's data sets: $AEGIS_DATA/tables, or aegis/tables in the user's cache folder.
# Packages are checked by their SHA-256. What cannot be had is said and skipped.
#
#   fetch-tables.sh [FOLDER]
#
# vega-datasets 3.2.1 (npm; BSD 3-Clause, tables from various public sources):
# cars-mpg, cars-noname, seattle-weather, movies, penguins, birdstrikes, and
# flights-3m.parquet. Debian's
# r-cran-modeldata 1.1.0-1 (MIT): churn, attrition, hpc, carprices.
# r-cran-mlbench 2.1-3-1 (GPL-2, tables from UCI): letters, glass, pima.
set -uo pipefail
. "$(dirname "$0")/fetching.sh"
folder=${1:-${AEGIS_DATA:-${XDG_CACHE_HOME:-$HOME/.cache}/aegis}/tables}
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

vega() {
	command -v npm >/dev/null && command -v node >/dev/null || { skip "vega-datasets: npm and node are needed"; return; }
	npm pack --silent vega-datasets@3.2.1 >/dev/null 2>&1 || { skip "vega-datasets 3.2.1 cannot be had from npm"; return; }
	checked vega-datasets-3.2.1.tgz 6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3 || return
	tar -xzf vega-datasets-3.2.1.tgz package/data/{cars.json,movies.json,penguins.json,seattle-weather.csv,birdstrikes.csv,flights-3m.parquet}
	cp package/data/{seattle-weather.csv,birdstrikes.csv,flights-3m.parquet} "$folder"
	FOLDER=$folder node - <<'JS'
const fs = require("fs");
const cell = v => v === null || v === undefined ? "" : /[",\n]/.test(String(v)) ? `"${String(v).replace(/"/g, '""')}"` : String(v);
function write(from, to, keep, without) {
	const rows = JSON.parse(fs.readFileSync(`package/data/${from}.json`)).filter(keep ?? (() => true));
	const names = [...new Set(rows.flatMap(Object.keys))].filter(n => n !== without);
	fs.writeFileSync(`${process.env.FOLDER}/${to}.csv`, [names, ...rows.map(r => names.map(n => r[n]))].map(r => r.map(cell).join(",") + "\r\n").join(""));
}
write("cars", "cars-mpg", r => r.Miles_per_Gallon !== null);
write("cars", "cars-noname", undefined, "Name");
write("movies", "movies");
write("penguins", "penguins");
JS
	echo "vega-datasets 3.2.1: cars-mpg, cars-noname, movies, penguins, seattle-weather, birdstrikes, flights-3m (Parquet)"
}

# table PACKAGE FOLDER OBJECT NAME: writes a data frame of a package as a table
table() {
	frame "$1" "$2" "$3" "$folder/$4.csv" || { skip "$4: R cannot read it in $1"; return; }
	echo "$1: $4"
}

vega
if debian r-cran-modeldata 1.1.0-1 66c2e08bb4bf695d972b1e72ea44d5af9ada3c42841793d3871017f7b896bf95; then
	table r-cran-modeldata modeldata mlc_churn churn
	table r-cran-modeldata modeldata attrition attrition
	table r-cran-modeldata modeldata hpc_data hpc
	table r-cran-modeldata modeldata car_prices carprices
fi
if debian r-cran-mlbench 2.1-3-1 2f1127f7b5e7d08703b13b52ef1976a0c355a7660d6ac575e29b87b13921bc06; then
	table r-cran-mlbench mlbench LetterRecognition letters
	table r-cran-mlbench mlbench Glass glass
	table r-cran-mlbench mlbench PimaIndiansDiabetes2 pima
fi
echo "tables are in $folder"
