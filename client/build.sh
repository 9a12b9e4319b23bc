#!/usr/bin/env bash
# Builds the browser client into client/dist. The same sources give the same
# bytes: no date, no path, no source map, no name that holds a hash.
set -euo pipefail
cd "$(dirname "$0")/.."

out=bin/client
rm -rf "$out" bin/*.js.json bin/*.css.json
mkdir -p "$out"

# bundle ENTRY NAME: one file, with everything it imports inside.
bundle() {
  go tool -modfile=tools.mod esbuild "$1" --outfile="$out/$2" --metafile="bin/$2.json" \
    --bundle --minify --target=es2022 --format=esm --charset=utf8 --legal-comments=none \
    --jsx=automatic --jsx-import-source=preact --define:process.env.NODE_ENV='"production"' --log-level=warning "${@:3}"
}

bundle client/src/call/run.ts call.js
bundle client/src/main.tsx app.js --external:/call.js
bundle client/style/main.css app.css
bundle e2ee/worker/media.worker.ts e2ee-media.js
bundle e2ee/worker/group.worker.ts e2ee-group.js
cp client/index.html client/favicon.svg "$out/"
node client/licenses.mjs bin/*.js.json > "$out/licenses.txt"

# A dynamic import would be a file that no hash is printed for.
if grep -lE '\bimport\(' "$out"/*.js; then
  echo "the client must not import anything while it runs" >&2
  exit 1
fi

# index.html last: it is what tells the binary that the client is there.
find client/dist -mindepth 1 -not -name README -delete
find "$out" -type f -not -name index.html -exec cp {} client/dist/ \;
cp "$out/index.html" client/dist/
