import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.js'
import { untilAnswered } from '../../test/support/answer.js'

const START_TIMEOUT_MS = 5_000

/** nginx (Debian's nginx-light) as a proxy of one URL, with its defaults for buffering and a kept connection to the store. */
export async function startNginx (target: string): Promise<{ url: string, stop: () => Promise<void> }> {
  const { host, pathname, search } = new URL(target)
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-nginx-'))
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
  upstream store { server ${host}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location = /file {
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host ${host};
      proxy_pass http://store${pathname}${search};
    }
  }
}
`)
  const child = spawn('/usr/sbin/nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  const url = `http://127.0.0.1:${port}/file`
  await untilAnswered(url, 'nginx', START_TIMEOUT_MS)
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(directory, { recursive: true, force: true })
    },
  }
}
