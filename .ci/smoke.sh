# Uses the built server as people do: started by itself, and reached over HTTP. Sourced by .ci/run, whose `check`, `work` and
# `free_port` it uses.

# Starts the server, or the program in `server_program`, with only the given environment; its output goes to `server_log`.
start_server() {
  server_log=$(mktemp "$work/server.XXXXXX")
  (cd "$work" && exec env -i PATH="$PATH" HOME="$work" "$@" node "${server_program:-$OLDPWD/dist/server.js}") >"$server_log" 2>&1 &
  server_pid=$!
}

# Sends SIGTERM and waits; returns the server's exit status.
stop_server() {
  if [ -z "${server_pid:-}" ]; then return 0; fi
  local status=0
  kill -TERM "$server_pid" 2>/dev/null
  wait "$server_pid" || status=$?
  server_pid=
  return "$status"
}

# Waits until a command succeeds, for at most a minute and only while the server is running.
wait_for() {
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.2
  done
  echo 'the server is not ready:' && tail -n 20 "$server_log"
  return 1
}

# Prints one value of the JSON document on standard input.
json() { node -e "console.log(eval('document => document' + process.argv[1])(JSON.parse(require('node:fs').readFileSync(0, 'utf8'))))" "$1"; }

# Follows a link like a browser; succeeds if exactly one redirect led to a file.
follow() { [ "$(curl -sS -L -o "$2" -w '%{http_code} %{num_redirects}' "$1")" = '200 1' ]; }

usage() { curl -sSf -H "Authorization: Bearer $token" "$origin/api/v1/objects/storage-usage"; }

start_newcomer() {
  start_server PORT=0 DATA_DIR="$1"
  wait_for grep -q storage-usage "$server_log" || return 1
  link=$(grep -oE 'http[^ ]+/download\?objectKey=[^ ]+' "$server_log" | head -n 1)
  token=$(grep -oE "Bearer [A-Za-z0-9._-]+" "$server_log" | head -n 1 | cut -d' ' -f2)
  origin=${link%%/api/*}
}

# The document, below a place, and the script that it names.
serves_page() {
  local script
  script=$(curl -sSf "$origin/app/links" | grep -oE 'app/assets/page-[A-Z0-9]+\.js')
  [ "$(curl -sS -o /dev/null -w '%{http_code}' "$origin/$script")" = 200 ]
}

# Without any configuration except a folder for its data, twice.
smoke_newcomer() {
  local before data=$1
  check 'starts without any configuration' start_newcomer "$data"
  check 'its printed link leads to a file by one redirect' follow "$link" "$work/linked.png"
  check 'the file is a PNG' [ "$(head -c 4 "$work/linked.png" | tail -c 3)" = PNG ]
  check 'serves the page and its script' serves_page
  check 'the demo organisation stores something' [ "$(usage | json .totalBytes || true)" -gt 0 ]
  check 'demo traffic is counted exactly, and leaves nothing' env DATA_DIR="$data" node dist/commands/demo-traffic.js --url "$origin" --seconds 3
  before=$(usage || true)
  check 'stops on SIGTERM' stop_server
  check 'starts again' start_newcomer "$data"
  check 'counts the same as before' [ "$(usage || true)" = "$before" ]
  check 'its printed link works again' follow "$link" "$work/linked-again.png"
  check 'the file is the same' cmp "$work/linked.png" "$work/linked-again.png"
  check 'only its user may read its secrets' [ "$(stat -c %a "$data/secrets.json")" = 600 ]
  token=$(DATA_DIR="$data" node dist/commands/token.js --role service --org demo || true)
  check 'a token signed by the command is accepted' usage
  check 'stops on SIGTERM again' stop_server
}

# As in production, on PostgreSQL and S3.
smoke_production() {
  local port upload
  port=$(free_port)
  origin=http://127.0.0.1:$port
  local secret events_token
  secret=$(openssl rand -hex 32)
  events_token=$(openssl rand -hex 32)
  local environment=(
    NODE_ENV=production PORT="$port" LOG_LEVEL=warn DATABASE_URL="$TEST_DATABASE_URL" JWT_SECRET="$secret"
    EVENTS_TOKEN="$events_token" S3_ENDPOINT="$TEST_S3_ENDPOINT" S3_BUCKET=ci-smoke S3_ACCESS_KEY="$TEST_S3_ACCESS_KEY"
    S3_SECRET_KEY="$TEST_S3_SECRET_KEY"
  )
  check 'makes the bucket' node .ci/make-bucket.js "$TEST_S3_ENDPOINT" "$TEST_S3_ACCESS_KEY" "$TEST_S3_SECRET_KEY" ci-smoke
  start_server "${environment[@]}"
  check 'starts as production' wait_for curl -sf "$origin/health/live"
  token=$(JWT_SECRET=$secret node dist/commands/token.js --role admin --org ci --expires-in 10m)
  head -c 3000000 /dev/urandom >"$work/uploaded"
  upload=$(curl -sS -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$origin/api/v1/objects/uploads" -d '{
    "workflowId": "3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10", "runId": "9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3",
    "direction": "outputs", "fileName": "größte Datei +100%.bin", "contentType": "application/octet-stream", "sizeBytes": 3000000
  }')
  check 'takes an upload' curl -sSf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$work/uploaded" "$(json .url <<<"$upload")"
  check 'gives it by one redirect' follow "$(json .downloadUrl <<<"$upload")" "$work/downloaded"
  check 'gives the same bytes' cmp "$work/uploaded" "$work/downloaded"
  check 'refuses another token' [ "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token-" "$origin/api/v1/objects/storage-usage")" = 401 ]
  check 'stops on SIGTERM' stop_server
  check 'production refuses to start on nothing, and says why in one line' refuses_to_start NODE_ENV=production PORT=0
}

# Succeeds if the server ends by itself, with an error that names a variable.
refuses_to_start() {
  local status=0
  start_server "$@"
  wait "$server_pid" || status=$?
  server_pid=
  [ "$status" = 1 ] && [ "$(wc -l <"$server_log")" = 1 ] && grep -q DATABASE_URL "$server_log"
}
