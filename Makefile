# moongate: what there is to make. `make` alone lists it.

GO       ?= go
BIN      := bin/moongate
LINT_VERSION := v2.15.0
LINT     := bin/golangci-lint
PACKAGES := ./...

.DEFAULT_GOAL := help
.PHONY: help run build test race e2e conformance bench pgo conformance-report lint fmt fuzz cover dist clean deps

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 22

run: build ## build, and serve the welcome page on http://localhost:8080
	@mkdir -p logs
	$(BIN) -p . -c conf/nginx.conf

build: ## build bin/moongate
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/moongate

deps: ## install what some tests talk to (redis, nginx with ngx_lua), where apt-get is there
	@scripts/install-test-deps.sh

test: build deps ## every test, end-to-end ones included
	$(GO) vet $(PACKAGES)
	$(GO) test -timeout 12m $(PACKAGES)

race: ## every test under the race detector
	$(GO) test -race -timeout 20m $(PACKAGES)

e2e: build ## the end-to-end tests alone
	$(GO) test -count=1 -timeout 10m ./cmd/moongate/... ./scripts/...

RESULTS ?= /tmp/moongate-conformance.json
conformance: build ## run OpenResty's own suite: make conformance SUITE=lua-nginx-module HARNESS=test-nginx
	$(GO) run ./scripts/conformance -suite "$(SUITE)" -harness "$(HARNESS)" -binary $(BIN) -files "$(or $(FILES),*)" -out $(RESULTS)

conformance-report: ## write docs/conformance.md from RESULTS=file.json (and BASELINE=file.json, of another server)
	$(GO) run ./scripts/conformance -report $(RESULTS) -baseline "$(BASELINE)" > docs/conformance.md.new && mv docs/conformance.md.new docs/conformance.md

bench: build ## moongate beside OpenResty, every workload, into bench/out; one of them: make bench W=hello,proxy
	$(GO) run ./bench -moongate $(BIN) -workers 1,2 -referee -why -o bench/out -w '$(W)' $(BENCHFLAGS)

# Each is profiled for the same time, so that each counts the same.
PGO_WORKLOADS ?= static,hello,headers,phases,proxy,gateway,limit,redis,regex,capture,bodyfilter,json-2k,tls,sleep
pgo: build ## profile moongate under load, for the compiler: writes cmd/moongate/default.pgo
	@rm -rf bench/out/pgo
	$(GO) run ./bench -moongate $(BIN) -against none -w '$(PGO_WORKLOADS)' -profile bench/out/pgo $(BENCHFLAGS)
	$(GO) tool pprof -proto -output cmd/moongate/default.pgo bench/out/pgo/*.pprof

lint: $(LINT) ## golangci-lint
	$(LINT) run

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

fmt: ## gofmt
	gofmt -w $$(git ls-files '*.go')

FUZZTIME ?= 20s
fuzz: ## a short run of every fuzz test
	@for p in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func (Fuzz[A-Za-z0-9]+)' $$p/*_test.go | awk '{print $$2}'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

cover: ## coverage of all packages
	$(GO) test -coverprofile=/tmp/moongate.cover $(PACKAGES) && $(GO) tool cover -func=/tmp/moongate.cover | tail -1

dist: ## static binaries for linux
	@mkdir -p dist
	for a in amd64 arm64; do CGO_ENABLED=0 GOOS=linux GOARCH=$$a $(GO) build -trimpath -ldflags '-s -w' -o dist/moongate-linux-$$a ./cmd/moongate; done

clean: ## remove what was built
	rm -rf bin dist
