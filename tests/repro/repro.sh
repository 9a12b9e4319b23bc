#!/usr/bin/env bash
# Builds the committed sources twice, in two folders of different names, and
# compares every byte of the client and of the program: whoever builds a
# release can tell that it is the one that is published.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for folder in one "another folder"; do
  at="$scratch/$folder/paravent"
  mkdir -p "$at"
  git archive HEAD | tar -x -C "$at"
  make -s -C "$at" build VERSION=repro > /dev/null
  (cd "$at" && sha256sum bin/paravent client/dist/*) > "$scratch/$folder.sums"
done
diff "$scratch/one.sums" "$scratch/another folder.sums"
cat "$scratch/one.sums"
echo "both builds are the same"
