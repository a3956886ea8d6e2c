# A job for CI.
mkdir -p .github/workflows
[[ -e .github/workflows/ci.yml ]] || printf 'on: push\njobs:\n' >.github/workflows/ci.yml
cat >>.github/workflows/ci.yml <<'MORE'

  ours:
    runs-on: ubuntu-24.04
    steps:
      - run: make ours
MORE
