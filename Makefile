# make new DEST=../myproject   generate a repository
# make test                    run every test that this machine can run
# make test SHARD=1/6          run the first of six parts of them
# make lint                    check this repository's own code
# make lock                    refresh the data that poetry.lock is rendered from
# make docs                    write into docs/ what is data elsewhere
# make site                    build the site of docs/ into docs/_build
# make examples                render the repositories in examples/
# make fleet REPOS=../clones   report where repositories stand that were made from the template
# make bench                   measure the image beside others, and write the figures down
# make combinations            run every test, and write down which combinations were tried
# make bench-updates           measure updates, of one repository and of 200, and write the figures down
# make release VERSION=1.2.3   write a release down, to be committed
# make engine                  install and start a Docker engine, with base images (root on Debian)

PYTHON ?= python3
.PHONY: new test lint lock docs site examples fleet bench bench-updates combinations release engine

new: .venv/ready
	@test -n "$(DEST)" || { echo "Say where: make new DEST=../myproject"; exit 1; }
	@test -t 0 || defaults=--defaults; \
	.venv/bin/copier copy $$defaults $(ARGS) --vcs-ref HEAD "$(CURDIR)" "$(DEST)"

test: .venv/ready .node/ready
	.venv/bin/pytest $(if $(SHARD),--group=$(word 1,$(subst /, ,$(SHARD))) --splits=$(word 2,$(subst /, ,$(SHARD))))

lint: .venv/ready
	.poetry/bin/poetry check --lock --strict
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/shellcheck --external-sources .ci/run .ci/engine .ci/bases .ci/buildah $(addprefix .ci/stand-in/,make customize distroless poetry-hook)

lock: .venv/ready
	.venv/bin/python -m tools.lock.refresh

docs: .venv/ready
	.venv/bin/python -m tools.docs.write

site: .venv/ready
	.venv/bin/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build

examples: .venv/ready
	.venv/bin/python -m tools.docs.examples

fleet: .venv/ready
	@test -n "$(REPOS)" || { echo "Say which: make fleet REPOS=../clones"; exit 1; }
	@.venv/bin/python -m tools.fleet.command $(ARGS) $(REPOS)

bench: .venv/ready
	.venv/bin/python -m benchmarks.images

bench-updates: .venv/ready
	.venv/bin/python -m benchmarks.updates

release: .venv/ready
	@test -n "$(VERSION)" || { echo "Say which: make release VERSION=1.2.3"; exit 1; }
	.venv/bin/python -m tools.release prepare "$(VERSION)"
	.venv/bin/python -m tools.docs.write

combinations: .venv/ready .node/ready
	.venv/bin/pytest --junitxml=.venv/report.xml
	.venv/bin/python -m tools.docs.tested .venv/report.xml
	.venv/bin/python -m tools.docs.write

engine: .venv/ready
	.ci/engine start
	.ci/bases $$(.venv/bin/python -m tests.kit.docker)

# Poetry, as the template pins it, in an environment of its own.
.poetry/ready: extensions/dependencies/tools-requirements.txt
	@$(PYTHON) -c "import ensurepip, sys; assert sys.version_info >= (3, 11)" 2>/dev/null || \
	{ echo "$(PYTHON) must be Python 3.11 or newer with venv (on Debian: apt-get install python3-venv)."; exit 1; }
	$(PYTHON) -m venv --clear .poetry
	.poetry/bin/pip install --quiet --requirement $< || \
	{ echo "Poetry could not be installed: see whether pip reaches its package index."; exit 1; }
	.poetry/bin/python .ci/poetry-mirror
	touch $@

# What this repository's own lock names, with its hashes.
.venv/ready: .poetry/ready pyproject.toml poetry.lock
	$(PYTHON) -m venv --clear .venv
	.poetry/bin/poetry export --quiet --all-groups --output=.venv/requirements.txt
	.venv/bin/pip install --quiet --require-hashes --no-deps --requirement=.venv/requirements.txt
	touch $@

# Programs that only npm has. Without them the tests that run them are left out, and say so.
.node/ready: tests/nightly/package.json .venv/ready
	mkdir -p .node
	cp tests/nightly/package.json .node/
	cd .node && PATH="$(CURDIR)/.venv/bin:$$PATH" npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error && touch ready || \
	echo "npm could not install what tests/nightly/package.json names: see whether it reaches its registry."
