# Paravent: every command a developer needs. `make help` lists them.
# What is fetched comes from the Go module proxy, the npm registry and, for the
# browsers of the browser tests alone, Debian's packages.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

VERSION   ?= development
FUZZTIME  ?= 30s
# Random histories, of which the race detector sees few: it slows them down eightfold.
LONG      := TestNoHistoryBreaksTheRules|TestMixedMembers
# Until a package that hangs is given up: a machine that others use as well may be ten times slower.
PATIENCE  := 30m
BENCHTIME ?= 100ms
SOAKTIME  ?= 1h
LINT      := bin/tools/golangci-lint
LINT_PIN  := v2.15.0
ESBUILD   := go tool -modfile=tools.mod esbuild
NPM       := node_modules/.package-lock.json
CLIENT    := client/dist/index.html
# The binary holds no path of this machine, no date and no link to a C library.
GOBUILD   := CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -buildid= -X main.version=$(VERSION)"

.PHONY: help e2e repro build client gen check check-gen check-go check-client test test-go test-client bundle-tests test-browsers \
	tools browsers fuzz bench soak load quality mask-eval mask-speed figures run release clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

build: $(CLIENT) ## the client, then bin/paravent
	@mkdir -p bin
	@$(GOBUILD) -o bin/paravent .

# Quiet, so that the link and the fingerprint are all that is printed.
run: ## build and serve on this machine alone
	@$(MAKE) --silent build > /dev/null
	@exec bin/paravent -listen 127.0.0.1:8443

# ---- the browser client ----

client: $(CLIENT) ## client/dist

$(CLIENT): $(NPM) client/build.sh client/licenses.mjs tools.mod go.mod \
		$(shell find client e2ee/worker -type f -not -path 'client/dist/*' -not -name '*.test.*' -not -name '*.go')
	@client/build.sh

# npm ci makes node_modules anew, so it runs only when the lock file has
# changed. No package's install script is ever run.
$(NPM): package-lock.json
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
	@touch $(NPM)

gen: ## write the TypeScript side of signaling/wire
	go run ./signaling/wire/gen

# ---- checks ----

check: check-go check-client check-gen ## everything that can be said without running it

# The linter waits for one that somebody else runs on this machine; of itself it gives up after 5 s.
check-go: $(LINT)
	go vet ./...
	go vet -tags tap ./...
	GOOS=darwin go vet . ./server ./sfu/...
	$(LINT) config verify
	$(LINT) run --allow-serial-runners ./...
	go mod tidy -diff

check-client: $(NPM)
	node_modules/.bin/tsc -p .
	node_modules/.bin/biome check --error-on-warnings

# The generated files must be what the generator writes today.
check-gen:
	@rm -rf bin/gen.before && mkdir -p bin/gen.before && cp client/src/wire/*.gen.ts bin/gen.before/
	@go run ./signaling/wire/gen
	@for f in bin/gen.before/*; do diff $$f client/src/wire/$$(basename $$f) || { echo "$$(basename $$f) was out of date: commit what make gen wrote" >&2; exit 1; }; done

tools: $(LINT) ## the linter, compiled from its module

$(LINT): Makefile
	GOBIN=$(CURDIR)/bin/tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_PIN)
	@touch $(LINT)

# ---- tests ----

test: test-go test-client test-browsers ## everything: Go, TypeScript, browsers

# Most of what tests of Go do is to wait, so more of them run than there are
# processors, the longest first. They are vetted by check-go.
test-go: build
	go test -race -short -shuffle=on -p $$((2 * $$(nproc))) -vet=off -timeout $(PATIENCE) ./tests/privacy ./sfu ./...
	go test -tags tap -run 'Tap|Lost|Clear' ./sfu ./tests/tapserver
	go test -run '$(LONG)' -timeout $(PATIENCE) ./signaling ./tests/mls

test-client: bundle-tests $(CLIENT)
	node --enable-source-maps --test --test-concurrency=2 --test-reporter=spec bin/tests/

# Each test file is bundled by the bundler that makes the client, then run by
# Node itself.
bundle-tests: $(NPM)
	@rm -rf bin/tests
	@$(ESBUILD) $$(find client/src e2ee/worker -name '*.test.ts' -o -name '*.test.tsx') --outdir=bin/tests --outbase=. \
		--bundle --platform=node --format=esm --packages=external --jsx=automatic --jsx-import-source=preact \
		--target=node20 --out-extension:.js=.mjs --sourcemap=inline --log-level=warning

test-browsers: build $(NPM) browsers
	E2E_BUILT=1 tests/e2e/run.sh

e2e: test-browsers ## the browser tests alone

browsers: ## Chromium and Firefox from Debian's packages, where they are missing
	@tools/browsers.sh

fuzz: bundle-tests ## every fuzz target for FUZZTIME; the MLS profile under other random histories and mutations
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$package; \
		done; \
	done
	go test -count=1 -run TestMixedMembers -timeout 30m ./tests/mls -mixed 5
	MLS_FUZZ=all node --enable-source-maps --test bin/tests/e2ee/worker/mls-fuzz.test.mjs bin/tests/e2ee/worker/profile.test.mjs

bench: ## Go benchmarks, then what forwarding costs a server: the figures of docs/performance.md, "make bench"
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...
	@go build -o bin/bench ./tests/bench
	@bin/bench

soak: ## 1000 joins and leaves, then SOAKTIME of coming and going: is everything given back?
	@go build -o bin/soak ./tests/soak
	@bin/soak -time $(SOAKTIME)

load: build ## what many people cost a server: the figures of docs/performance.md, "Load"
	@go build -o bin/load ./tests/load
	@bin/load -binary bin/paravent

quality: build $(NPM) browsers ## what is seen in bad networks, by headless people and by browsers, with each transport (12 minutes)
	@go build -o bin/quality ./tests/netsim/quality
	@bin/quality
	E2E_BUILT=1 tests/e2e/run.sh quality

mask-eval: build $(NPM) browsers ## how well faces are masked on a labelled set (MASK_SET=DIR; needs ffmpeg)
	@E2E_BUILT=1 tests/e2e/run.sh mask-eval
	@E2E_BUILT=1 tests/e2e/run.sh mask-speed
	@# These fail with the first frame that shows a face.
	@E2E_BUILT=1 E2E_JOBS=1 tests/e2e/run.sh masking-faults masking-away masking-starved masking-spoilt
	@echo figure mask_exposed_on_fault 0

mask-speed: build $(NPM) browsers ## how fast a masked picture is, how late, and what it costs (needs ffmpeg)
	E2E_BUILT=1 tests/e2e/run.sh mask-speed

figures: build $(NPM) browsers ## the figures of docs/performance.md
	@tools/figures.sh

# ---- release ----

repro: ## build what is committed twice and compare every byte
	@tests/repro/repro.sh

release: clean $(CLIENT) ## static binaries for Linux and their hashes, in bin/release
	@mkdir -p bin/release
	for arch in amd64 arm64; do GOOS=linux GOARCH=$$arch $(GOBUILD) -o bin/release/paravent-linux-$$arch .; done
	cd bin/release && sha256sum paravent-* > SHA256SUMS

clean: ## remove what was built; the tools stay
	@find bin -mindepth 1 -maxdepth 1 -not -name tools -exec rm -rf {} + 2>/dev/null || true
	@find client/dist -mindepth 1 -not -name README -delete
