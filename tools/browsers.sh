#!/usr/bin/env bash
# Makes sure that Chromium and Firefox ESR are there for the browser tests, and
# the `ip` and `unshare` commands that give them a network of their own.
set -euo pipefail

missing=()
command -v chromium > /dev/null || missing+=(chromium)
command -v firefox-esr > /dev/null || missing+=(firefox-esr)
command -v ip > /dev/null || missing+=(iproute2)
command -v unshare > /dev/null || missing+=(util-linux)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
  echo "The browser tests need: ${missing[*]}. Install them (Debian: apt-get install ${missing[*]}), then run make test again." >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 < /dev/null; then
  tail -n 20 "$log" >&2
  echo "The browser tests need: ${missing[*]}. apt-get could not install them; its last lines stand above." >&2
  exit 1
fi
