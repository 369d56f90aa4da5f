import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { untilAnswered } from './answer.js'
import { freePort } from './free-port.js'
import { NGINX, runNginx } from './nginx.js'

const VARNISH = '/usr/sbin/varnishd'
// Varnish has its configuration compiled by gcc.
const START_TIMEOUT_MS = 60_000

export const withoutNginx = !existsSync(NGINX) && `${NGINX} is not installed`
export const withoutVarnish = !existsSync(VARNISH) && `${VARNISH} is not installed`

/**
 * Starts nginx (Debian's nginx-light) with a cache in front of a service, and ends it with the test. The header `x-cache` of an
 * answer gives the cache's status.
 *
 * @param directives for the location of the service's API
 * @returns its origin
 */
export async function startNginx (t: Pick<Test, 'teardown'>, origin: string, directives: string): Promise<string> {
  const nginx = await runNginx(({ port, directory }) => `
  proxy_cache_path ${directory}/cache keys_zone=answers:1m;
  server {
    listen 127.0.0.1:${port};
    proxy_set_header Host $http_host;
    add_header x-cache $upstream_cache_status always;
    proxy_cache answers;
    location / { proxy_pass ${origin}; }
    location /api/ { proxy_pass ${origin}; ${directives} }
  }`)
  t.teardown(nginx.stop)
  return nginx.origin
}

/**
 * Starts Varnish in front of a service, and ends it with the test.
 *
 * @param statements for the subroutine that receives a request
 * @returns its origin
 */
export async function startVarnish (t: Pick<Test, 'teardown'>, origin: string, statements: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-varnish-'))
  const port = await freePort()
  const configuration = join(directory, 'default.vcl')
  await writeFile(configuration, `vcl 4.1;
backend default { .host = "${new URL(origin).hostname}"; .port = "${new URL(origin).port}"; }
sub vcl_recv { ${statements} }
`)
  const child = spawn(VARNISH, [
    '-F', '-j', 'none', '-n', join(directory, 'work'), '-a', `127.0.0.1:${port}`, '-f', configuration, '-s', 'malloc,16m',
  ], { stdio: 'ignore' })
  const gone = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await gone
    await rm(directory, { recursive: true, force: true })
  })
  const address = `http://127.0.0.1:${port}`
  await untilAnswered(`${address}/health/live`, 'Varnish', START_TIMEOUT_MS)
  return address
}
