# Tests of an object storage, on versitygw: what is downloaded, linked and deleted, and its notifications. Sourced by .ci/run, whose
# `check`, `work` and counts it uses.

# It is compiled while the tests run, if Go and its modules are available.
begin_versitygw() {
  versitygw_folder=$work/versitygw
  mkdir "$versitygw_folder"
  if ! command -v go >/dev/null; then return 0; fi
  GOBIN=$versitygw_folder nice -n 19 go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 >"$work/versitygw.log" 2>&1 &
  versitygw_install=$!
}

start_versitygw() {
  TEST_VERSITYGW=$versitygw_folder/versitygw node --import ./typescript.js test/support/start-versitygw.ts >"$work/versitygw.env" 2>&1 &
  versitygw=$!
  for _ in $(seq 300); do
    if grep -q '^export TEST_S3_ENDPOINT=' "$work/versitygw.env"; then return 0; fi
    kill -0 "$versitygw" 2>/dev/null || break
    sleep 0.2
  done
  cat "$work/versitygw.env"
  return 1
}

# Without the tests of what versitygw lacks: lifecycle rules, notifications of single buckets, versions by default.
run_versitygw_tests() {
  local routes=test/service/routes/api/v1/objects
  # shellcheck source=/dev/null
  . "$work/versitygw.env"
  TEST_VERSITYGW=$versitygw_folder/versitygw timeout --kill-after=30 15m node test/run-compiled.js \
    "$routes"/{download,download-inline,download-streamed,download-secrets}.test.ts \
    "$routes"/{delete,links,paths,multipart-uploads,events-versitygw}.test.ts
}

check_versitygw() {
  if [ -n "${versitygw_install:-}" ]; then wait "$versitygw_install" || tail -n 3 "$work/versitygw.log"; fi
  if ! [ -x "$versitygw_folder/versitygw" ]; then
    skipped=$((skipped + 1))
    echo 'skipped: the tests on versitygw, since there is no Go that could compile it, or its modules cannot be had'
    return 0
  fi
  local status=0 log=$work/tests-versitygw.log
  check 'versitygw starts' start_versitygw
  (run_versitygw_tests) >"$log" 2>&1 || status=$?
  grep -vE '^ok - ' "$log" | head -n 400 || true
  count_totals "$(tail -n 1 "$log")"
  check 'tests of an object storage ended well on versitygw' [ "$status" = 0 ]
  kill -TERM "$versitygw" 2>/dev/null && wait "$versitygw" || true
  versitygw=''
}
