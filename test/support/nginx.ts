import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilAnswered } from './answer.js'
import { freePort } from './free-port.js'

/** Where Debian's nginx-light installs it. */
export const NGINX = '/usr/sbin/nginx'
const START_TIMEOUT_MS = 60_000

/**
 * Starts nginx on a free port of this machine, with one worker.
 *
 * @param http further contents of its `http` block, given the port and a folder to keep files in
 */
export async function runNginx (
  http: (place: { port: number, directory: string }) => string,
): Promise<{ origin: string, stop: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-nginx-'))
  // Its workers are not root, and buffer big answers in files here.
  await chmod(directory, 0o755)
  const port = await freePort()
  await writeFile(join(directory, 'nginx.conf'), `
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ${http({ port, directory })}
}
`)
  const child = spawn(NGINX, ['-p', directory, '-c', join(directory, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  const gone = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await gone
    await rm(directory, { recursive: true, force: true })
  }
  const origin = `http://127.0.0.1:${port}`
  try {
    await untilAnswered(`${origin}/`, 'nginx', START_TIMEOUT_MS)
  } catch (error) {
    await stop()
    throw error
  }
  return { origin, stop }
}
