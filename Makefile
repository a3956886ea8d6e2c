# make new DEST=../myproject   generate a repository
# make test-fast               run the tests without Docker (2 minutes): before each commit
# make test                    run those and the tests of locks, images and updates (15 minutes)
# make test-all                run every test: before a release
# make test SHARD=1/4          run one of four parts; works with each of the three
# make lint                    check this repository's own code
# make lock                    refresh the stores from which poetry.lock and .tools are rendered
# make docs                    write the generated documents
# make site                    build the site of docs/ into docs/_build
# make examples                render the repositories in examples/
# make adopt REPO=../project   bring the template to an existing Poetry project, in a branch
# make fleet REPOS=../clones   report how far repositories are behind the template
# make bench                   compare images with others and record the figures
# make bench ARGS="--set=small --rounds=3"   run a part of that
# make bench-updates           measure updates of one repository and of 200, and record the figures
# make combinations            run every test and record the tested combinations
# make release VERSION=1.2.3   prepare a release, to be committed
# make engine                  install and start a Docker engine, with base images (root on Debian)

PYTHON ?= python3
.PHONY: new test-fast test test-all lint lock docs site examples adopt fleet bench bench-updates combinations release engine

pytest = .venv/bin/pytest $(if $(SHARD),--group=$(word 1,$(subst /, ,$(SHARD))) --splits=$(word 2,$(subst /, ,$(SHARD))))

new: .venv/ready
	@test -n "$(DEST)" || { echo "Name a folder: make new DEST=../myproject"; exit 1; }
	@test -t 0 || defaults=--defaults; \
	.venv/bin/copier copy $$defaults $(ARGS) $$(.venv/bin/python -m tools.published) --vcs-ref HEAD "$(CURDIR)" "$(DEST)"

test-fast: .venv/ready
	$(pytest) tests/fast

test: .venv/ready
	$(pytest) tests/fast tests/poetry tests/images tests/updates

test-all: .venv/ready .node/ready
	$(pytest) tests

lint: .venv/ready
	.poetry/bin/poetry check --lock --strict
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/shellcheck --external-sources .ci/run .ci/engine .ci/buildah $(addprefix .ci/offline/,bases stand-in customize distroless poetry-hook postgres)

lock: .venv/ready
	.venv/bin/python -m tools.lock.refresh

docs: .venv/ready
	.venv/bin/python -m tools.docs.write

site: .venv/ready
	.venv/bin/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build

examples: .venv/ready
	.venv/bin/python -m tools.docs.examples

adopt: .venv/ready
	@test -n "$(REPO)" || { echo "Name the project: make adopt REPO=../project"; exit 1; }
	@.venv/bin/python -m tools.adopt.command $(ARGS) "$(REPO)"

fleet: .venv/ready
	@test -n "$(REPOS)" || { echo "Name the repositories: make fleet REPOS=../clones"; exit 1; }
	@.venv/bin/python -m tools.fleet.command $(ARGS) $(REPOS)

bench: .venv/ready
	.venv/bin/python -m benchmarks.images $(ARGS)

bench-updates: .venv/ready
	.venv/bin/python -m benchmarks.updates $(ARGS)

release: .venv/ready
	@test -n "$(VERSION)" || { echo "Name the version: make release VERSION=1.2.3"; exit 1; }
	.venv/bin/python -m tools.release prepare "$(VERSION)"
	.venv/bin/python -m tools.docs.write

combinations: .venv/ready .node/ready
	.venv/bin/pytest --junitxml=.venv/report.xml tests
	.venv/bin/python -m tools.docs.tested .venv/report.xml
	.venv/bin/python -m tools.docs.write

engine: .venv/ready
	.ci/engine start
	.ci/offline/bases $$(.venv/bin/python -m tests.kit.docker)

# Poetry in the version that the template pins, in its own environment.
.poetry/ready: extensions/dependencies/tools-requirements.txt
	@$(PYTHON) -c "import ensurepip, sys; assert sys.version_info >= (3, 11)" 2>/dev/null || \
	{ echo "Install Python 3.11 or newer with venv (on Debian: apt-get install python3-venv), or name one: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv --clear .poetry
	.poetry/bin/pip install --quiet --requirement $< || \
	{ echo "Check that pip reaches its package index: Poetry could not be installed."; exit 1; }
	.poetry/bin/python .ci/offline/poetry-mirror
	touch $@

# The locked development dependencies, with their hashes.
.venv/ready: .poetry/ready pyproject.toml poetry.lock
	$(PYTHON) -m venv --clear .venv
	.poetry/bin/poetry export --quiet --all-groups --output=.venv/requirements.txt
	.venv/bin/pip install --quiet --require-hashes --no-deps --requirement=.venv/requirements.txt
	touch $@

# Programs from npm. Tests that run them are skipped, with a reason, where npm cannot install them.
.node/ready: tests/nightly/package.json .venv/ready
	mkdir -p .node
	cp $< .node/package.json
	cd .node && PATH="$(CURDIR)/.venv/bin:$$PATH" npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error && touch ready || \
	echo "Check that npm reaches its registry: it could not install the programs of $<."
