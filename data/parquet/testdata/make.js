// Run by make.sh.
const fs = require("fs");
const path = require("path");
const { DuckDBInstance } = require("@duckdb/node-api");
const arrow = require("apache-arrow");
const wasm = require("parquet-wasm/node");
const out = process.argv[2];

// Columns: a name, an expression of the row number i in DuckDB, and how its value is told:
// as a number, as seconds since 1970, or as a text.
const columns = [
	["b", "i % 3 = 0", "text"],
	["i8", "(i % 250 - 125)::TINYINT", "number"],
	["i16", "(i * 37 % 60000 - 30000)::SMALLINT", "number"],
	["i32", "(i * 99991 - 1000000000)::INTEGER", "number"],
	["i64", "(i * 123456789012 - 9000000000000)::BIGINT", "number"],
	["u8", "(i % 256)::UTINYINT", "number"],
	["u16", "(65535 - i)::USMALLINT", "number"],
	["u32", "(4294967295 - i)::UINTEGER", "number"],
	["u64", "(18446744073709551615 - i::UBIGINT * 4096)::UBIGINT", "number"],
	["f32", "(i / 7)::FLOAT", "number"],
	["f64", "sqrt(i) * CASE WHEN i % 2 = 0 THEN 1e-300 ELSE -1e300 END", "number"],
	["nan", "CASE WHEN i % 5 = 0 THEN 'NaN'::DOUBLE ELSE i END", "number"],
	["d4", "(i / 100 - 1.5)::DECIMAL(4,2)", "number"],
	["d9", "(i * 1234.567 - 100000)::DECIMAL(9,2)", "number"],
	["d18", "(i * 1234567.89012 - 5)::DECIMAL(18,5)", "number"],
	["d38", "(i * 12345678901234567.890123 - 77)::DECIMAL(38,6)", "text"],
	["date", "DATE '1899-12-30' + (i * 97)::INTEGER", "seconds"],
	["time", "TIME '00:00:00' + INTERVAL (i * 1234567) MICROSECOND", "seconds"],
	["ts_s", "make_timestamp(1000000 * (i * 1000003 - 100000000))::TIMESTAMP_S", "seconds"],
	["ts_ms", "make_timestamp(1000 * (i * 1000000007 - 70000000001))::TIMESTAMP_MS", "seconds"],
	["ts_us", "make_timestamp(i * 1000000000007 - 70000000000001)", "seconds"],
	["ts_ns", "make_timestamp_ns(i * 1000000000000007 - 70000000000000001)", "seconds"],
	["ts_tz", "make_timestamp(i * 1000000000007)::TIMESTAMPTZ", "seconds"],
	["s", "['amber', 'blue', 'Čeština', '日本', 'NA', ''][1 + i % 6]", "text"],
	["e", "['low', 'mid', 'high'][1 + i % 3]::ENUM('low', 'mid', 'high')", "text"],
	["u", "['6ccd780c-baba-1026-9564-5b8c656024db', '6ccd780c-baba-1026-9564-0040f4311e29'][1 + i % 2]::UUID", "text"],
	["list", "[i, i + 1]", ""],
	["struct", "{'x': i, 'y': 'a'}", ""],
	["map", "MAP {'k': i}", ""],
	["label", "(i % 4)::INTEGER", "number"],
];

async function duck() {
	const c = await (await DuckDBInstance.create()).connect();
	await c.run("SET threads TO 1; SET TimeZone = 'UTC'");
	const wide = columns.map(([n, e]) => `CASE WHEN hash(i * 31 + ${n.length * 7 + n.charCodeAt(0)}) % 7 = 0 AND '${n}' <> 'label' THEN NULL ELSE ${e} END AS "${n}"`);
	await c.run(`CREATE TABLE t AS SELECT ${wide} FROM range(0, 3000) r(i)`);
	const told = columns.filter(x => x[2]).map(([n, , how]) => ({
		number: `"${n}"::DOUBLE`, text: `"${n}"::VARCHAR`,
		seconds: n === "date" || n.startsWith("ts_s") ? `epoch("${n}"::TIMESTAMP)` : n === "time" ? `epoch_us("${n}") / 1e6` : n === "ts_ns" ? `epoch_ns("${n}")` : `epoch_us("${n}"::TIMESTAMP)`,
	})[how] + ` AS "${n}"`);
	const rows = await c.runAndReadAll(`SELECT ${told} FROM t`);
	const names = rows.columnNames();
	const values = {};
	// Microseconds and nanoseconds are told as their digits; NaN, which is no JSON, as a text.
	rows.getColumns().forEach((column, k) => { values[names[k]] = column.filter((_, i) => i % 50 === 0 || i > 2990 || i > 2040 && i < 2056).map(v => typeof v === "bigint" ? String(v) : typeof v === "number" && v !== v ? "NaN" : v); });
	fs.writeFileSync(path.join(out, "duckdb.json"), JSON.stringify(values) + "\n");
	for (const [name, options] of Object.entries({
		"snappy-v1": "COMPRESSION snappy, PARQUET_VERSION V1",
		"zstd-v2": "COMPRESSION zstd, PARQUET_VERSION V2",
		"gzip-v1": "COMPRESSION gzip, PARQUET_VERSION V1",
	})) // in V2 files DuckDB writes first values of u32 that arrow-rs and parquet-go refuse
		await c.run(`COPY (SELECT * ${name.endsWith("v2") ? "EXCLUDE u32" : ""} FROM t) TO '${path.join(out, "duckdb-" + name + ".parquet")}' (FORMAT parquet, ROW_GROUP_SIZE 2048, ${options})`);
	await c.run(`COPY (SELECT f64, label FROM t) TO '${path.join(out, "duckdb-lz4.parquet")}' (FORMAT parquet, COMPRESSION lz4_raw)`);
	await c.run(`COPY (SELECT * FROM t WHERE false) TO '${path.join(out, "duckdb-no-rows.parquet")}' (FORMAT parquet)`);
	await c.run(`COPY (SELECT i::DOUBLE AS x, CASE WHEN i = 41 THEN 'Infinity'::DOUBLE ELSE i % 2 END AS y FROM range(0, 100) r(i)) TO '${path.join(out, "duckdb-infinite.parquet")}' (FORMAT parquet)`);
}

// Types that DuckDB does not write: float16, dictionaries of texts, pages of few rows with an index.
function rust() {
	const n = 3000;
	const at = i => i % 11 === 3;
	const halves = Array.from({ length: n }, (_, i) => at(i) ? null : [0, -0, 1, -2.5, 65504, 6.103515625e-5, 5.960464477539063e-8, -0.333251953125][i % 8]);
	const words = Array.from({ length: n }, (_, i) => at(i + 1) ? null : "word " + i * i % 97);
	const days = Array.from({ length: n }, (_, i) => at(i + 2) ? null : new Date(86400000 * (i * 13 - 20000)));
	const long = Array.from({ length: n }, (_, i) => BigInt(i) * 9007199254740993n / 3000n);
	const column = (v, type) => arrow.vectorFromArray(v, type);
	const table = new arrow.Table({
		half: column(halves, new arrow.Float16()),
		word: column(words, new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
		plain: column(words, new arrow.Utf8()),
		day: column(days, new arrow.DateDay()),
		long: column(long, new arrow.Int64()),
		y: column(Array.from({ length: n }, (_, i) => i / 8), new arrow.Float64()),
	});
	const t = wasm.Table.fromIPCStream(arrow.tableToIPC(table, "stream"));
	const p = new wasm.WriterPropertiesBuilder().setCompression(wasm.Compression.BROTLI).setDataPageSizeLimit(2000).setMaxRowGroupSize(1100).setWriteBatchSize(100).setWriterVersion(wasm.WriterVersion.V2).build();
	fs.writeFileSync(path.join(out, "arrow-rs.parquet"), wasm.writeParquet(t, p));
	fs.writeFileSync(path.join(out, "arrow-rs.json"), JSON.stringify({
		half: halves, word: words, plain: words, day: days.map(d => d && d / 1000), long: long.map(Number), y: Array.from({ length: n }, (_, i) => i / 8),
	}) + "\n");
}

duck().then(rust).catch(e => { console.error(e); process.exit(1); });
