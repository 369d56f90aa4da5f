# The packages as others get them: packed without a build before, installed from the registry into empty folders, and used.
# Sourced by .ci/run, whose `check`, `work`, `start_newcomer` and `stop_server` it uses.

# Packs what is in a folder, and says where.
pack() { npm pack --silent --pack-destination "$work/packages" "$1" >>"$work/packages/log" 2>&1; }

# Installs a package into an empty folder, where engines are strict as they are by `.npmrc` here.
install_package() {
  mkdir -p "$1" && echo '{ "type": "module" }' >"$1/package.json"
  (cd "$1" && npm install --engine-strict --no-audit --no-fund --fetch-retries=1 "$2") >>"$work/packages/log" 2>&1
}

# Runs a module in a folder of its own packages.
run_module() { (cd "$1" && node --input-type=module --eval "$2"); }

use_client() {
  run_module "$1" "
    const { createClient } = await import('$2')
    const client = createClient({ baseUrl: '$origin', token: '$token' })
    const { data } = await client.GET('/api/v1/objects/storage-usage')
    if (!(data?.totalBytes > 0)) process.exit(1)"
}

smoke_packages() {
  local folder=$work/packages
  mkdir -p "$folder"
  rm -rf dist client/dist
  check 'the service is packed' pack .
  check 'the client is packed' pack ./client
  if ! timeout 60 npm ping --silent --fetch-retries=1 >/dev/null 2>&1; then
    skipped=$((skipped + 1))
    echo 'skipped: installing the packages, since the registry does not answer'
    return 0
  fi
  check 'the service installs from its package' install_package "$folder/service" "$folder"/objects-storage-[0-9]*.tgz
  check 'the client installs from its package' install_package "$folder/client" "$folder"/objects-storage-client-*.tgz
  if [ "$failed" != 0 ]; then tail -n 20 "$folder/log"; fi
  check 'the client brings one dependency, and what that needs' [ "$(find "$folder/client/node_modules" -mindepth 1 -maxdepth 1 -not -name '.*' | wc -l)" = 3 ]
  server_program=$folder/service/node_modules/objects-storage/dist/server.js
  check 'the installed service starts' start_newcomer "$folder/data"
  check 'the installed client uses it' use_client "$folder/client" objects-storage-client
  check 'so does the client under its former name' use_client "$folder/service" objects-storage/client
  check 'it stops on SIGTERM' stop_server
  server_program=
}
