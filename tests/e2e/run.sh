#!/bin/sh
# Runs the browser tests against the real binary with the real browsers, in a
# network namespace that has nothing but loopback.
#
#   tests/e2e/run.sh                  every *.test.ts here
#   tests/e2e/run.sh call leave       only tests/e2e/call.test.ts and leave.test.ts
#   tests/e2e/run.sh perf             the figures (tests/e2e/perf.ts)
#   tests/e2e/run.sh quality          what is seen in bad networks (tests/e2e/quality.ts)
#   tests/e2e/run.sh mask-eval        how well faces are masked (tests/e2e/mask-eval.ts)
#   tests/e2e/run.sh mask-speed       how fast, and how late (tests/e2e/mask-speed.ts)
#   E2E_JOBS=1 tests/e2e/run.sh       one file after the other; otherwise two at a time
set -eu
cd "$(dirname "$0")/../.."

missing=""
for program in /usr/bin/chromium /usr/bin/firefox-esr; do
	[ -x "$program" ] || missing="$missing ${program##*/}"
done
command -v ip >/dev/null || missing="$missing iproute2"
command -v node >/dev/null || missing="$missing nodejs"
if [ -n "$missing" ]; then
	echo "browser tests: missing:$missing (apt-get install$missing)" >&2
	exit 1
fi
if ! unshare -n true 2>/dev/null; then
	echo "browser tests: want a network namespace of their own (unshare -n): run them as root" >&2
	exit 1
fi

[ -n "${E2E_BUILT:-}" ] || make -s build >/dev/null
go build -tags tap -o bin/tapserver ./tests/tapserver

if [ $# -eq 0 ]; then
	set -- tests/e2e/*.test.ts
else
	named=""
	for name in "$@"; do
		case "$name" in
		perf | quality | mask-eval | mask-speed) named="$named tests/e2e/$name.ts" ;;
		*.ts) named="$named $name" ;;
		*) named="$named tests/e2e/$name.test.ts" ;;
		esac
	done
	# shellcheck disable=SC2086 # names of tests have no spaces
	set -- $named
fi

# A folder of its own, so that two runs do not disturb each other.
mkdir -p bin/e2e
out=$(mktemp -d bin/e2e/XXXXXX)
trap 'rm -rf "$out"' EXIT
go tool -modfile=tools.mod esbuild "$@" --bundle --platform=node --format=esm --packages=external --target=es2022 \
	--sourcemap=inline --log-level=warning --outbase=tests/e2e --outdir="$out" --out-extension:.js=.mjs

PARAVENT_ROOT=$(pwd)
export PARAVENT_ROOT out
case "$*" in
*/perf.ts | */quality.ts | */mask-eval.ts | */mask-speed.ts)
	[ "$*" != tests/e2e/quality.ts ] || go build -o bin/relay ./tests/netsim/relay
	unshare -n sh -c 'ip link set lo up; exec node --enable-source-maps "$out"/"$0".mjs' "$(basename "$*" .ts)"
	exit
	;;
esac

# Each file in a namespace of its own, so many at a time; what one says is shown when it ends,
# with the time that it took.
# shellcheck disable=SC2016 # expanded by the inner shell
for file in "$out"/*.mjs; do echo "$file"; done | xargs -P "${E2E_JOBS:-2}" -I FILE unshare -n sh -c '
	ip link set lo up
	began=$(date +%s)
	node --enable-source-maps --test --test-timeout=900000 "$0" >"$0.log" 2>&1
	code=$?
	cat "$0.log"
	echo "# $(basename "$0" .test.mjs): $(($(date +%s) - began)) s"
	exit $code
' FILE
