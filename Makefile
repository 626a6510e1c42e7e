# make test   everything that CI runs (lint, unit, metamorphic, captures, real servers, the program itself);
#             needs JDK 17, Maven, and Python 3.10 with venv
# make e2e    the acceptance checks of the screen, in Chromium; they measure, so leave the machine to them
# make bench  speed and size against their limits, on a generated estate
# make soak   the follow loop, disturbed for ten minutes
# make fuzz   each fuzz target for FUZZTIME

GO       ?= go
FUZZTIME ?= 30s
DATA     ?= ../shared/data

.PHONY: test e2e race bench soak fuzz generate

test:
	@test -d $(DATA) || { echo "the real captures are missing at $(DATA): tests on them will not run" >&2; test -z "$$CI"; }
	$(GO) run ./internal/testbed -meanwhile '$(GO) build ./...' -- sh -ec '\
	  $(GO) test -timeout 20m ./...; \
	  $(GO) test -timeout 20m -race ./ingest ./graph/pebble ./graph/api; \
	  $(GO) test -timeout 20m -race -run "SeveralWriters|OneStatement" ./graph/neo4j'
	npm --prefix ui ci --no-audit --no-fund
	npm --prefix ui run check

e2e:
	npm --prefix ui ci --no-audit --no-fund
	npm --prefix ui run e2e

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
