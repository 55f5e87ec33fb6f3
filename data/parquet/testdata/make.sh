#!/usr/bin/env bash
# Writes the Parquet files of this folder with writers that are not ours, and beside them
# what stands in them as DuckDB and Arrow read it: DuckDB 1.5.6 (npm @duckdb/node-api
# 1.5.6-r.1) and arrow-rs (npm parquet-wasm 0.8.0 with apache-arrow 21.2.0).
set -euo pipefail
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --ignore-scripts @duckdb/node-api@1.5.6-r.1 apache-arrow@21.2.0 parquet-wasm@0.8.0
cp "$out/make.js" .
node make.js "$out"
