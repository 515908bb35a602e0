# The daily commands; .ci/run calls the same ones.

.PHONY: build test thorough lint pre-commit gitlab-ci-local fmt facts facts-check golden wheel bench ci

build: ## Build the optimised binary
	cargo build --release

test: ## Run all tests
	cargo test

thorough: ## Run the tests of faults and of the proof at their full size, for about a quarter of an hour
	FANFOLD_FAULT_OBJECTS=1000 FANFOLD_PROOF_CASES=10000 cargo test --test fanfold -- faults:: proof::

lint: ## Check formatting and lints
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

fmt: ## Format the code
	cargo fmt
	gofmt -w schemas/generator tests/go tests/argocd

facts: ## Write schemas/kubernetes/ anew from the OpenAPI and Go types of the pinned releases
	cd schemas/generator && go run . -out ../kubernetes

facts-check: ## Check that schemas/kubernetes/ is what its generator writes
	cd schemas/generator && go vet . && go test . && go run . -out ../kubernetes -check

golden: ## Write the golden output and the schemas anew; read the diff before committing it
	UPDATE_GOLDEN=1 INSTA_UPDATE=always cargo test
	cargo run --quiet -- schema > schemas/batch.schema.json

pre-commit: ## Install pre-commit where the tests find it
	python3 -m venv target/pre-commit
	target/pre-commit/bin/pip install --quiet --disable-pip-version-check 'pre-commit>=4,<5'

gitlab-ci-local: ## Install gitlab-ci-local where the tests find it; what it runs needs rsync
	npm install --silent --no-audit --no-fund --prefix target/gitlab-ci-local gitlab-ci-local@4.70.1

wheel: ## Build the Python wheel, install it and run it
	python3 -m venv target/venv
	target/venv/bin/pip install --quiet --disable-pip-version-check 'maturin>=1.9,<2'
	rm -rf target/wheels
	target/venv/bin/maturin build --quiet --locked --release --out target/wheels
	target/venv/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-index target/wheels/*.whl
	target/venv/bin/fanfold --version

bench: ## Run the benchmarks
	cargo bench

ci: ## Do what CI does
	bash .ci/run

help: ## List these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
