# The daily commands; .ci/run calls the same ones.

.PHONY: build setup test quick thorough lint fmt facts facts-check golden docs docs-serve wheel bench fuzz audit ci

build: ## Build the binary as releases have it
	cargo build --profile dist

setup: ## Install what tests run beside Rust, Go and python3: a browser, pre-commit, gitlab-ci-local and what it runs
	bash tests/setup

test: ## Run all tests; those that lack a program are skipped and named at the end
	cargo test

quick: ## Run the tests that need no Go, no network and no browser
	FANFOLD_QUICK=1 cargo test --lib --test quick --test wrap_up

thorough: ## Run the tests of faults, of the proof, of the oracle and of broken secrets at their full size, for about a quarter of an hour
	FANFOLD_FAULT_OBJECTS=1000 FANFOLD_PROOF_CASES=10000 FANFOLD_ORACLE_CASES=50000 \
		cargo test --test world -- faults:: proof:: oracle::
	FANFOLD_SECRETS_ROUNDS=20000 cargo test --test quick -- secrets_mutated

lint: ## Check formatting and lints
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

fmt: ## Format the code
	cargo fmt
	gofmt -w schemas/generator tests/programs/readers tests/programs/argocd tests/programs/oracle

facts: ## Write schemas/kubernetes/ anew from the OpenAPI and Go types of the pinned releases
	cd schemas/generator && go run . -out ../kubernetes

facts-check: ## Check that schemas/kubernetes/ is what its generator writes
	cd schemas/generator && go vet . && go test . && go run . -out ../kubernetes -check

golden: ## Write the golden output and the schemas anew; read the diff before committing it
	UPDATE_GOLDEN=1 cargo test --no-fail-fast

BOOK = target/venv/bin/mkdocs
docs: $(BOOK) ## Build the book into target/docs; broken links fail
	NO_MKDOCS_2_WARNING=1 $(BOOK) build --strict --quiet
	@# The pages as they are written lie beside: llms.txt names them.
	cd docs && find . -name '*.md' | tar -cf - -T - | tar -xf - -C ../target/docs

docs-serve: $(BOOK) ## Show the book at http://127.0.0.1:8000, and anew when a page is written
	NO_MKDOCS_2_WARNING=1 $(BOOK) serve

$(BOOK): docs/requirements.txt
	python3 -m venv target/venv
	target/venv/bin/pip install --quiet --disable-pip-version-check --requirement docs/requirements.txt
	@touch $(BOOK)

wheel: ## Build the Python wheel, install it and run it
	python3 -m venv target/venv
	target/venv/bin/pip install --quiet --disable-pip-version-check 'maturin>=1.9,<2'
	rm -rf target/wheels
	target/venv/bin/maturin build --quiet --locked --profile release --out target/wheels
	target/venv/bin/pip install --quiet --disable-pip-version-check --force-reinstall --no-index target/wheels/*.whl
	target/venv/bin/fanfold --version

bench: ## Run the benchmarks
	cargo bench

FUZZ_SECONDS ?= 60
fuzz: ## Run each fuzz target for a minute, or FUZZ_SECONDS; once before: cargo install cargo-fuzz --locked
	for target in $$(cargo fuzz list); do \
		mkdir -p fuzz/corpus/$$target; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 || exit 1; \
	done

audit: ## Check advisories, licenses and sources of all crates; once before: cargo install cargo-deny --locked
	cargo deny --locked check

ci: ## Do what CI does
	bash .ci/run

help: ## List these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
