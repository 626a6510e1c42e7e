# make test   everything that CI runs (lint, unit, metamorphic, captures, real servers, the program itself);
#             needs JDK 17, Maven, Python 3.10 with venv, Node 20 and Chromium
# make e2e    the acceptance checks of the screen, each time held to its bound exactly (make test allows
#             E2E_SLACK times as long); they measure, so leave the machine to them
# make screenshots   the pictures of the screen, into SHOTS
# make bench  speed and size against their limits, on a generated estate
# make soak   the follow loop, disturbed for ten minutes
# make fuzz   each fuzz target for FUZZTIME

GO       ?= go
FUZZTIME ?= 30s
DATA     ?= ../shared/data
SHOTS    ?= /tmp/blastradius-screenshots
CHROMIUM ?= /usr/bin/chromium
export CHROMIUM

.PHONY: test e2e screenshots chromium race bench soak fuzz generate

test:
	@test -d $(DATA) || { echo "the real captures are missing at $(DATA): tests on them will not run" >&2; test -z "$$CI"; }
	$(GO) run ./internal/testbed -meanwhile '$(MAKE) -s chromium & c=$$!; $(GO) build ./... && wait $$c' -- sh -ec '\
	  $(GO) test -timeout 20m ./...; \
	  $(GO) test -timeout 20m -race ./ingest ./graph/pebble ./graph/api; \
	  $(GO) test -timeout 20m -race -run "SeveralWriters|OneStatement" ./graph/neo4j'
	npm --prefix ui ci --no-audit --no-fund
	npm --prefix ui run check
	npm --prefix ui run e2e

e2e: chromium
	npm --prefix ui ci --no-audit --no-fund
	E2E_SLACK=1 npm --prefix ui run e2e

screenshots: chromium
	npm --prefix ui ci --no-audit --no-fund
	npm --prefix ui run screenshots -- $(abspath $(SHOTS))

# Chromium is installed where it is missing and can be; else it is asked for.
chromium:
	@test -x $(CHROMIUM) || { test $(CHROMIUM) = /usr/bin/chromium && test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
	  { echo "no Chromium at $(CHROMIUM): install it (apt-get install chromium), or name one with CHROMIUM=" >&2; exit 1; }

bench:
	$(GO) run ./cmd/blastradius bench

soak:
	$(GO) run ./internal/testbed -- $(GO) test -timeout 40m -v -run 'TestFollow' ./cmd/blastradius -soak 10m

fuzz:
	@$(GO) list ./... | while read -r p; do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

generate:
	$(GO) tool gqlgen generate
