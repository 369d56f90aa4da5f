import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { type IncomingMessage, type ServerResponse, createServer, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { readZip } from '../../support/archives.js'
import { type Commands, compileCommands } from '../../support/command-process.js'
import { listenLocally } from '../../support/listen.js'
import { type TestService, member, runId, startService, workflowId } from '../../support/service.js'
import { startTransferProxy } from '../../support/transfer-proxy.js'

const compiled: { commands?: Commands } = {}
t.before(async () => { compiled.commands = await compileCommands(t) })

const run = ['--run', `${workflowId}/${runId}`]
const bodies = new Map([['plots/a.bin', randomBytes(700_000)], ['b.txt', Buffer.from('text')], ['c.bin', randomBytes(900_000)]])
const name = `${workflowId} ${runId}`

/** A new folder, and the command with the service's address and token. */
async function prepare (t: Pick<Test, 'teardown'>, { app, authorise }: TestService, url?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const origin = url ?? await app.listen({ host: '127.0.0.1', port: 0 })
  const environment = { OBJECTS_STORAGE_URL: origin, OBJECTS_STORAGE_TOKEN: authorise(member).authorization.replace('Bearer ', '') }
  const { commands } = compiled
  if (commands === undefined) throw new Error('The commands are not built.')
  const start = (options: readonly string[], changes: Record<string, string> = {}, into = '') =>
    commands.start('objects-storage', ['get', ...options, '--to', join(folder, into)], { ...environment, ...changes })
  return { folder, start, get: async (...options: string[]) => await start(options).ended }
}

async function putFile ({ app, putFile }: TestService, path: string, body: Buffer | string, direction: 'inputs' | 'outputs' = 'outputs') {
  const objectKey = mintObjectKey({ orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction, path })
  await putFile(body, { objectKey })
  await app.bucketEvents.recount(objectKey, { wasStored: true })
}

async function startFilled (t: Test, changes: Record<string, string> = {}) {
  const service = await startService(t, changes)
  for (const [path, body] of bodies) await putFile(service, path, body)
  return service
}

async function share ({ app, authorise }: TestService, origin: string): Promise<string> {
  const answer = await app.inject({
    method: 'POST', url: '/api/v1/objects/shares', headers: authorise(member), payload: { workflowId, runId },
  })
  return origin + new URL(answer.json().url).pathname
}

function contentsOf (archive: Buffer) {
  return [...readZip(archive)].map(([path, body]) => [path, body.toString('base64')]).sort()
}

const expected = [...bodies].map(([path, body]) => [path, body.toString('base64')]).sort()

t.test('a run is fetched as one archive under the name that the service gives it, and replaces no file unasked', async (t) => {
  const service = await startFilled(t)
  await putFile(service, 'd.txt', 'input', 'inputs')
  const { folder, get } = await prepare(t, service)
  t.match(await get(...run, '--zip', '--outputs'), { exitCode: 0, output: `${name}.zip\n` })
  const archive = await readFile(join(folder, `${name}.zip`))
  t.strictSame(contentsOf(archive), expected)

  t.match(await get(...run, '--zip'), { exitCode: 2, output: '', errors: /There is another file of that name; --force replaces it/ })
  t.ok((await readFile(join(folder, `${name}.zip`))).equals(archive))
  const { exitCode, output } = await get('--workflow', workflowId, '--run', runId, '--zip', '--json', '--force')
  const whole = await readFile(join(folder, `${name}.zip`))
  t.strictSame({ exitCode, output: JSON.parse(output) }, { exitCode: 0, output: { path: `${name}.zip`, sizeBytes: whole.length } })
  t.equal(readZip(whole).size, 4)

  await writeFile(join(folder, 'precious'), 'precious')
  await symlink('precious', join(folder, 'link.tar'))
  t.match(await get(...run, '--tar', 'link.tar'), { exitCode: 2, errors: /another file of that name/ })
  t.match(await get(...run, '--tar', 'link.tar', '--force'), { exitCode: 0, output: 'link.tar\n' })
  t.equal(await readFile(join(folder, 'precious'), 'utf8'), 'precious')
  t.match(await get(...run, '--tar', 'of/run.tar', '--inputs'), { exitCode: 0, output: 'of/run.tar\n' })
  t.match(String(await readFile(join(folder, 'of', 'run.tar'))), /^d\.txt\0/)
  t.strictSame((await readdir(folder)).sort(), [`${name}.zip`, 'link.tar', 'of', 'precious'].sort())
})

t.test('what a share link leads to is fetched without a token', async (t) => {
  const service = await startFilled(t)
  const origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { folder, start } = await prepare(t, service, origin)
  const link = await share(service, origin)
  const get = async (...options: string[]) => await start(options, { OBJECTS_STORAGE_TOKEN: '', OBJECTS_STORAGE_URL: '' }).ended
  t.match(await get(link, '--zip'), { exitCode: 0, output: `${name}.zip\n` })
  t.strictSame(contentsOf(await readFile(join(folder, `${name}.zip`))), expected)
  t.match(await get(`${link}/archive?format=zip`, '--tar', 'shared.tar'), { exitCode: 0, output: 'shared.tar\n' })

  const gone = await get(link.replace(/.{8}$/, 'AAAAAAAA'), '--zip', 'other.zip')
  t.match(gone, { exitCode: 2, output: '', errors: /^SHARE_NOT_FOUND: / })
  t.notMatch(gone.errors, 'AAAAAAAA', 'a link is repeated nowhere')
  t.match(await get(link), { exitCode: 2, errors: /A share link needs --zip or --tar/ })
})

t.test('what cannot be meant is refused in words', async (t) => {
  const service = await startService(t)
  const { start } = await prepare(t, service)
  for (const [options, changes, message] of [
    [[...run, '--zip', '--tar'], {}, /Choose one form/],
    [[...run, '--zip', 'a', 'b'], {}, /at most one file/],
    [['http://127.0.0.1/api/v1/objects/shared/x', 'http://127.0.0.1/api/v1/objects/shared/y', '--zip'], {}, /at most one file/],
    [['--zip'], {}, /either a run or a share link/],
    [['http://127.0.0.1/x', '--zip'], {}, /Only a share link/],
    [[...run, '--zip', 'folder/'], {}, /rather than a folder/],
    [['--run', runId, '--zip'], {}, /Name the run/],
    [[...run, '--zip'], { OBJECTS_STORAGE_TOKEN: 'wrong.but.secret' }, /^TOKEN_INVALID: /],
  ] as const) {
    const { exitCode, output, errors } = await start(options, changes).ended
    t.strictSame({ exitCode, output }, { exitCode: 2, output: '' }, errors)
    t.match(errors, message)
    t.notMatch(errors, /secret|stack|at file:/)
  }
})

for (const format of ['zip', 'tar']) {
  t.test(`a ${format} archive is continued after cut connections and a kill, at another address of the service`, async (t) => {
    const service = await startFilled(t)
    const origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
    const proxy = await startTransferProxy(t, origin)
    const { folder, start, get } = await prepare(t, service, proxy.origin)
    const options = [...run, `--${format}`, 'all']
    const half = proxy.holdBodies(800_000)
    proxy.cutBodies(300_000)
    const first = start(options)
    await Promise.race([half, first.ended.then(({ errors }) => { throw new Error(errors) })])
    first.child.kill('SIGKILL')
    await first.ended
    t.strictSame(proxy.answered.map(({ statusCode }) => statusCode), [200, 206])
    const [part = '', ...others] = await readdir(folder)
    t.strictSame(others, [], 'there is no file of that name until it is whole')
    const { size: hadBytes } = await stat(join(folder, part))
    t.ok(hadBytes > 300_000, `${hadBytes} bytes had arrived`)
    proxy.release()

    const other = await startTransferProxy(t, origin)
    t.match(await get(...options, '--url', other.origin), { exitCode: 0, output: 'all\n' })
    t.strictSame(other.answered.map(({ statusCode }) => statusCode), [206])
    const { rawPayload } = await service.app.inject({
      url: `/api/v1/objects/archive?workflowId=${workflowId}&runId=${runId}&format=${format}`, headers: service.authorise(member),
    })
    t.equal(other.fetchedBytes, rawPayload.length - hadBytes + 1, 'only what was missing was fetched, and a byte')
    t.ok((await readFile(join(folder, 'all'))).equals(rawPayload))
    t.strictSame(await readdir(folder), ['all'])
  })
}

t.test('an archive whose files have changed since begins anew, and one that is there as a whole only gets its name', async (t) => {
  const service = await startFilled(t)
  const proxy = await startTransferProxy(t, await service.app.listen({ host: '127.0.0.1', port: 0 }))
  const { folder, start, get } = await prepare(t, service, proxy.origin)
  const options = [...run, '--zip', 'all.zip']
  const half = proxy.holdBodies(800_000)
  const first = start(options)
  await Promise.race([half, first.ended.then(({ errors }) => { throw new Error(errors) })])
  first.child.kill('SIGINT')
  t.match(await first.ended, { exitCode: 130, errors: /^Stopped\. The same command continues from here\.$/m })
  proxy.release()
  await putFile(service, 'new.txt', 'new')
  t.match(await get(...options), { exitCode: 0 })
  const archive = await readFile(join(folder, 'all.zip'))
  t.strictSame(contentsOf(archive), [...expected, ['new.txt', Buffer.from('new').toString('base64')]].sort())
  t.strictSame(await readdir(folder), ['all.zip'], 'nothing is left of the former one')

  // As after a kill right before its last step.
  const held = proxy.holdBodies(800_000)
  const second = start([...options, '--force'])
  await Promise.race([held, second.ended])
  // What has been sent may not have been written yet.
  const findPart = async () => (await readdir(folder)).find((file) => file.endsWith('.part'))
  while (await findPart() === undefined) await setImmediate()
  second.child.kill('SIGKILL')
  await second.ended
  proxy.release()
  const part = await findPart() ?? ''
  await writeFile(join(folder, part), archive)
  const before = proxy.fetchedBytes
  t.match(await get(...options, '--force'), { exitCode: 0 })
  t.equal(proxy.fetchedBytes, before + 1)
  t.ok((await readFile(join(folder, 'all.zip'))).equals(archive))
})

t.test('a service that sends as many archives as it may is asked again when it says to', async (t) => {
  const service = await startFilled(t, { ARCHIVES_AT_ONCE: '1' })
  // More than connections buffer if nobody reads.
  await putFile(service, 'big.bin', Buffer.alloc(32 * 1024 ** 2))
  const origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const occupant = get(`${origin}/api/v1/objects/archive?workflowId=${workflowId}&runId=${runId}`, { headers: service.authorise(member) })
  await once(occupant, 'response')
  const proxy = await startTransferProxy(t, origin)
  const { start } = await prepare(t, service, proxy.origin)
  const asked = proxy.beforeNext('/archive', async () => {})
  const { ended } = start([...run, '--tar'])
  await asked
  await proxy.beforeNext('/archive', async () => { occupant.destroy() })
  t.match(await ended, { exitCode: 0 })
  const statuses = proxy.answered.map(({ statusCode }) => statusCode)
  t.strictSame([statuses.at(0), statuses.at(-1)], [503, 200])
})

/** A service that answers as it is told to, and what the command fetches from it into a new subfolder. */
async function pretend (t: Test, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const origin = await listenLocally(t, createServer(answer))
  const { folder, start } = await prepare(t, await startService(t), origin)
  await mkdir(join(folder, 'here'))
  return { folder, fetch: async (...options: string[]) => await start([...run, ...options], {}, 'here').ended }
}

t.test('whatever a service calls an archive, it gets a harmless name in its folder', async (t) => {
  let disposition = ''
  const { folder, fetch } = await pretend(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/zip', 'content-length': 2, etag: '"e"', 'content-disposition': disposition }).end('ok')
  })
  for (const hostile of ['../../up.zip', '.profile.zip']) {
    disposition = `attachment; filename*=UTF-8''${encodeURIComponent(hostile)}`
    t.match(await fetch('--zip', '--force'), { exitCode: 0, output: 'files.zip\n' }, hostile)
  }
  t.strictSame([await readdir(folder), await readdir(join(folder, 'here'))], [['here'], ['files.zip']])
})

t.test('without a strong entity tag, nothing is continued', async (t) => {
  const body = 'x'.repeat(100_000)
  const ranges: unknown[] = []
  const { folder, fetch } = await pretend(t, ({ headers: { range } }, response) => {
    ranges.push(range)
    response.writeHead(200, { 'content-type': 'application/zip', 'content-length': body.length, etag: 'W/"e"' })
    if (ranges.length > 1) response.end(body)
    else response.write('y'.repeat(50_000), () => { response.destroy() })
  })
  t.match(await fetch('--zip'), { exitCode: 0 })
  t.strictSame(ranges, [undefined, undefined])
  t.equal(await readFile(join(folder, 'here', 'files.zip'), 'utf8'), body)
})

t.test('what is no archive is not saved', async (t) => {
  const { folder, fetch } = await pretend(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', 'content-length': 2 }).end('ok')
  })
  t.match(await fetch('--tar'), { exitCode: 2, errors: /sends no archive/ })
  t.strictSame(await readdir(join(folder, 'here')), [])
})

t.test('Retry-After is kept to, and errors are told in the service\'s words', async (t) => {
  let refusals = 7
  const { folder, fetch } = await pretend(t, (_request, response) => {
    if (refusals-- > 0) {
      // If this were ignored, the delays would add up to more than the test's time limit.
      response.writeHead(503, { 'retry-after': '0' }).end(JSON.stringify({ code: 'ARCHIVE_CHANGED', message: 'A file has changed.' }))
    } else if (refusals === -1) {
      response.writeHead(200, { 'content-type': 'application/x-tar', 'content-length': 2, etag: '"e"' }).end('ok')
    } else {
      response.writeHead(413).end(JSON.stringify({ code: 'ARCHIVE_TOO_LARGE', message: 'Too many\u001b files.' }))
    }
  })
  t.match(await fetch('--tar'), { exitCode: 0 })
  t.match(await fetch('--tar', 'other.tar'), { exitCode: 2, errors: 'ARCHIVE_TOO_LARGE: Too many\uFFFD files.\n' })
  t.strictSame(await readdir(join(folder, 'here')), ['files.tar'])
})
