# Uses the packages as others get them: packed without being built first, and installed from the registry into empty folders.
# Sourced by .ci/run, whose `check`, `work`, `start_newcomer` and `stop_server` it uses.

# Packs the contents of a folder, and prints the path of the package.
pack() { npm pack --silent --pack-destination "$work/packages" "$1" >>"$work/packages/log" 2>&1; }

# Installs a package into an empty folder, with strict engines as set in `.npmrc` here.
install_package() {
  mkdir -p "$1" && echo '{ "type": "module" }' >"$1/package.json"
  (cd "$1" && npm install --engine-strict --no-audit --no-fund --fetch-retries=1 "$2") >>"$work/packages/log" 2>&1
}

# Runs a module in a folder with its own packages.
run_module() { (cd "$1" && node --input-type=module --eval "$2"); }

use_client() {
  run_module "$1" "
    const { createClient } = await import('$2')
    const client = createClient({ baseUrl: '$origin', token: '$token' })
    const { data } = await client.GET('/api/v1/objects/storage-usage')
    if (!(data?.totalBytes > 0)) process.exit(1)"
}

# Sends a folder with the installed command, and fetches it, as someone who has nothing but an address and a token.
transfer_folder() {
  local home=$1/home run=3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3
  mkdir -p "$home/sent/plots" && head -c 20000000 /dev/urandom >"$home/sent/plots/größe.bin" && echo hello >"$home/sent/a.txt"
  (cd "$1" && objects_storage put "$home/sent" --run "$run" --outputs && objects_storage get --run "$run" --to "$home/fetched") >>"$work/packages/log" 2>&1 &&
    diff -r "$home/sent" "$home/fetched/outputs/sent"
}
objects_storage() { env -i PATH="$PATH" HOME="$home" OBJECTS_STORAGE_URL="$origin" OBJECTS_STORAGE_TOKEN="$token" npx --offline --no-install objects-storage "$@"; }

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
  check 'the installed command sends a folder, and fetches it' transfer_folder "$folder/service"
  check 'it stops on SIGTERM' stop_server
  server_program=
}
