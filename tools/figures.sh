#!/usr/bin/env bash
# Measures the figures of docs/performance.md and ends with them, one line each:
# figure NAME VALUE.
set -euo pipefail
cd "$(dirname "$0")/.."

# gzipped FILE...: kilobytes (1000 bytes) of the files, each compressed as the server sends it.
gzipped() {
  for file in "$@"; do gzip -9 -n -c "$file" | wc -c; done | awk '{n += $1} END {printf "%.1f\n", n / 1000}'
}

measured=$(mktemp)
trap 'rm -f "$measured"' EXIT
go test -count=1 -v -run MemoryPerPerson ./signaling | tee "$measured"
E2E_BUILT=1 tests/e2e/run.sh perf | tee -a "$measured"

echo
grep -ohE 'figure [a-z0-9_]+ [0-9.]+$' "$measured"
cd client/dist
# What masking wants is fetched when somebody asks for it.
echo "figure client_gzip_kb $(gzipped index.html ./[!m]*.js ./*.css ./*.svg)"
echo "figure ui_gzip_kb $(gzipped index.html app.js app.css)"
cd ../..
echo "figure binary_mb $(wc -c < bin/paravent | awk '{printf "%.1f\n", $1 / 1e6}')"
