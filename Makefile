# The daily commands; .ci/run calls the same ones.

.PHONY: build test lint fmt facts facts-check golden bench ci

build: ## Build the optimised binary
	cargo build --release

test: ## Run all tests
	cargo test

lint: ## Check formatting and lints
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

fmt: ## Format the code
	cargo fmt
	gofmt -w schemas/generator tests/go

facts: ## Write schemas/kubernetes/ anew from the OpenAPI and Go types of the pinned releases
	cd schemas/generator && go run . -out ../kubernetes

facts-check: ## Check that schemas/kubernetes/ is what its generator writes
	cd schemas/generator && go vet . && go test . && go run . -out ../kubernetes -check

golden: ## Write the golden output and the schemas anew; read the diff before committing it
	UPDATE_GOLDEN=1 INSTA_UPDATE=always cargo test
	cargo run --quiet -- schema > schemas/batch.schema.json

bench: ## Run the benchmarks
	cargo bench

ci: ## Do what CI does
	bash .ci/run

help: ## List these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
