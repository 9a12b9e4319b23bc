#!/usr/bin/env bash
# Prints the figures of docs/performance.md as lines `figure NAME VALUE`.
set -euo pipefail
cd "$(dirname "$0")/.."

# gzipped FILE...: kilobytes (1000 bytes) of the files, each compressed as the server sends it.
gzipped() {
  for file in "$@"; do gzip -9 -n -c "$file" | wc -c; done | awk '{n += $1} END {printf "%.1f\n", n / 1000}'
}
cd client/dist
echo "figure client_gzip_kb $(gzipped index.html ./*.js ./*.css ./*.svg)"
echo "figure ui_gzip_kb $(gzipped index.html app.js app.css)"
cd ../..
echo "figure binary_mb $(wc -c < bin/paravent | awk '{printf "%.1f\n", $1 / 1e6}')"
