#!/usr/bin/env bash
# Builds the browser client into client/dist. The same sources give the same
# bytes: no date, no path, no source map, no name that holds a hash.
set -euo pipefail
cd "$(dirname "$0")/.."

out=bin/client
rm -rf "$out" bin/*.js.json bin/*.css.json
mkdir -p "$out"

# bundle METAFILE OPTIONS: files with everything they import inside.
bundle() {
  go tool -modfile=tools.mod esbuild "${@:2}" --metafile="bin/$1.json" \
    --bundle --minify --target=es2022 --format=esm --charset=utf8 --legal-comments=none \
    --jsx=automatic --jsx-import-source=preact --define:process.env.NODE_ENV='"production"' --log-level=warning
}

# The call and the group worker both make links, tickets and passphrases: that
# part is a file of its own, so that it is sent once. The media worker shares
# nothing, and its hash moves only with what is in it.
bundle call.js --splitting --chunk-names=e2ee-shared --outdir="$out" call=client/src/call/run.ts e2ee-group=e2ee/worker/group.worker.ts
bundle app.js client/src/main.tsx --outfile="$out/app.js" --external:/call.js
bundle app.css client/style/main.css --outfile="$out/app.css"
bundle media.js e2ee/worker/media.worker.ts --outfile="$out/e2ee-media.js"
# The runtime of the networks could import a file while it runs; here it is given all it needs.
bundle mask.js client/src/mask/mask.worker.ts --outfile="$out/mask.js" --supported:dynamic-import=false
node client/mask/weights.mjs "$out"
go run ./client/pack "$out"/mask-*
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
