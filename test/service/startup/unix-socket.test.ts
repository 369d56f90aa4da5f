import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { listenOptions, openSocket, requireUsableAddress } from '../../../startup/address.js'
import { runNginx } from '../../support/nginx.js'
import { withoutNginx } from '../../support/proxies.js'
import { startService } from '../../support/service.js'

/** A path short enough for a socket, in a folder that is removed with the test. */
async function socketPath (t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-socket-'))
  await chmod(directory, 0o755)
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'o.sock')
}

t.test('a socket that a killed process left behind is replaced', async (t) => {
  const path = await socketPath(t)
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('listening'))`
  const killed = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(killed.stdout, 'data')
  const address = { HOST: `unix:${path}`, PORT: 0 }
  await t.rejects(requireUsableAddress(address), { message: /^HOST: another program listens at the socket / })
  t.ok(existsSync(path), 'one that is in use stays')
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  t.ok(existsSync(path))
  await requireUsableAddress(address)
  t.notOk(existsSync(path))
})

t.test('another kind of file stays, and a folder must be there', async (t) => {
  const path = await socketPath(t)
  writeFileSync(path, 'a file')
  await t.rejects(requireUsableAddress({ HOST: `unix:${path}`, PORT: 0 }), { message: /^HOST: another program .* or that path is another kind of file/ })
  t.equal(statSync(path).size, 6)
  await t.rejects(requireUsableAddress({ HOST: `unix:${path}/none/o.sock`, PORT: 0 }), { message: /^HOST: / })
  await t.rejects(requireUsableAddress({ HOST: `unix:${path}${'o'.repeat(200)}`, PORT: 0 }), { message: /^HOST: .*too long/ })
})

for (const trust of [{}, { TRUST_PROXY: '1' }]) {
  t.test(`behind nginx, 60 requests at once ${'TRUST_PROXY' in trust ? 'of known clients' : 'of clients that are one'}`, { skip: withoutNginx }, async (t) => {
    const path = await socketPath(t)
    // nginx's workers run as another user, who must also be able to enter the folder.
    const config = { HOST: `unix:${path}`, PORT: 0, SOCKET_MODE: '666' }
    const { app, putFile, downloadPath } = await startService(t, { ...config, PORT: '0', DOWNLOAD_MISS_LIMIT: '1000', ...trust })
    await app.listen(listenOptions(config))
    openSocket(config)
    t.equal(statSync(path).mode & 0o777, 0o666)
    const nginx = await runNginx(({ port }) => `
    server {
      listen 127.0.0.1:${port};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      location / { proxy_pass http://unix:${path}; }
    }`)
    t.teardown(nginx.stop)
    const key = await putFile('by a socket')
    const download = async () => await (await fetch(nginx.origin + downloadPath(key))).text()
    const texts = await Promise.all(Array.from({ length: 60 }, download))
    t.strictSame(new Set(texts), new Set(['by a socket']))
    t.equal((await fetch(nginx.origin + downloadPath(`${key}x`))).status, 404)
    await app.close()
    t.notOk(existsSync(path), 'it goes with the service')
    const server = createServer().listen(path)
    await once(server, 'listening')
    server.close()
  })
}
