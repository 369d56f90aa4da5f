import { mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Commands, compileCommands } from '../../support/command-process.js'
import { listenLocally } from '../../support/listen.js'
import { type TestService, member, runId, startService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'
import { startTransferProxy } from '../../support/transfer-proxy.js'

const compiled: { commands?: Commands } = {}
t.before(async () => { compiled.commands = await compileCommands(t) })

const run = ['--workflow', workflowId, '--run', runId]
const oddNames = [
  'a b', ' leading', 'trailing.', '-dash', '--force', 'ü – %20&+#?.json', '%2e%2e', '🎉.txt', 'quo\'te".txt', 'back\\slash', 'CON', 'é/é', 'x'.repeat(255),
  'plots/2026/a.png', 'a.part', '~', '$HOME', '*', '..a/...', 'index.html', 'empty',
]

/** A new folder, and the command with the service's address, a token, and a folder for its state in the new one. */
async function prepare (t: Pick<Test, 'teardown'>, { app, authorise }: TestService, url?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const origin = url ?? await app.listen({ host: '127.0.0.1', port: 0 })
  const environment = {
    OBJECTS_STORAGE_URL: origin,
    OBJECTS_STORAGE_TOKEN: authorise(member).authorization.replace('Bearer ', ''),
    XDG_STATE_HOME: join(folder, 'state'),
  }
  const { commands } = compiled
  if (commands === undefined) throw new Error('The commands are not built.')
  const start = (options: readonly string[], changes: Record<string, string> = {}) =>
    commands.start('objects-storage', options, { ...environment, ...changes })
  return { folder, origin, start, call: async (...options: string[]) => await start(options).ended }
}

async function usageOf ({ app, authorise }: TestService) {
  const { fileCount, totalBytes } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()
  return { fileCount, totalBytes }
}

for (const { name, skip, environment, remove } of storeKinds) {
  t.test(`a folder of odd names is put and got back as it was, on the ${name}`, { skip }, async (t) => {
    const settings = environment()
    t.teardown(() => remove(settings))
    const service = await startService(t, settings)
    const { folder, call } = await prepare(t, service)
    for (const [index, path] of oddNames.entries()) {
      await mkdir(join(folder, 'odd', path, '..'), { recursive: true })
      await writeFile(join(folder, 'odd', path), path === 'empty' ? '' : `${path} `.repeat(index * 50))
    }
    const sent = await call('put', `${folder}/odd`, ...run, '--outputs', '--json')
    t.match(sent, { exitCode: 0, errors: new RegExp(`${oddNames.length} files sent\\.`) }, sent.errors)
    const files = sent.output.trim().split('\n').map((line) => JSON.parse(line))
    t.strictSame(files.map(({ path }) => path).sort(), oddNames.map((path) => `odd/${path}`).sort())
    for (const { objectKey } of files) await service.app.bucketEvents.recount(objectKey, { wasStored: true })

    t.match(await call('get', ...run, '--to', join(folder, 'out')), { exitCode: 0, errors: /files fetched\./ })
    for (const path of oddNames) {
      t.ok((await readFile(join(folder, 'out', 'outputs', 'odd', path))).equals(await readFile(join(folder, 'odd', path))), path)
    }
    t.match(await call('get', ...run, '--to', join(folder, 'out')), { exitCode: 0, errors: /0 files fetched, \d+ were there/ })
    t.match(await call('get', ...run, '--inputs', '--to', join(folder, 'none')), { exitCode: 0, errors: /has no such files/ })
    const head = await fetch(files.find(({ path }) => path.endsWith('.html')).downloadUrl, { method: 'HEAD' })
    t.match(head.headers.get('content-type'), /^text\/html/, 'the type follows from the name')
  })
}

t.test('get by links needs no token, and never replaces another file unasked', async (t) => {
  const service = await startService(t)
  const { folder, origin, start } = await prepare(t, service)
  const link = `${origin}${service.downloadPath(await service.putFile('stored', { fileName: 'a.txt' }))}`
  const get = async (...options: string[]) =>
    await start(['get', ...options, '--to', folder], { OBJECTS_STORAGE_TOKEN: '', OBJECTS_STORAGE_URL: '' }).ended
  const text = () => readFile(join(folder, 'a.txt'), 'utf8')

  t.match(await get(link), { exitCode: 0, output: 'a.txt\n' })
  t.equal(await text(), 'stored')
  await writeFile(join(folder, 'a.txt'), 'others')
  await utimes(join(folder, 'a.txt'), 0, 0)
  t.match(await get(link), { exitCode: 1, output: '', errors: /a\.txt: There is another file of that name; --force replaces it/ })
  t.equal(await text(), 'others')
  t.match(await get(link, '--force'), { exitCode: 0 })
  t.equal(await text(), 'stored')

  await rm(join(folder, 'a.txt'))
  await writeFile(join(folder, 'precious'), 'precious')
  await symlink('precious', join(folder, 'a.txt'))
  t.match(await get(link), { exitCode: 1 }, 'a link counts as another file')
  t.match(await get(link, '--force'), { exitCode: 0 })
  t.strictSame([await text(), await readFile(join(folder, 'precious'), 'utf8')], ['stored', 'precious'], 'what it led to stays')
  t.strictSame((await readdir(folder)).sort(), ['a.txt', 'precious'])

  const gone = await get(link.replace(/%2F[^%]*%2Fa\.txt/, '%2FAAAAAAAAAAAAAAAAAAAAAA%2Fa.txt'), '--force')
  t.match(gone, { exitCode: 1, errors: /a\.txt: There is no such file/ })
  for (const output of [gone.output, gone.errors]) t.notMatch(output, 'AAAAAAAA', 'a key is repeated nowhere')
  t.match(await get(link, link), { exitCode: 2, errors: /files of the same name/ })
  t.match(await get('http://127.0.0.1/x'), { exitCode: 2, errors: /Link 1 is no download link/ })
})

t.test('whatever a service lists, get writes into its folder alone', async (t) => {
  const served: string[] = []
  const names = ['../up', '/tmp/absolute', 'a/../../up', '..', 'a\0b', 'fine.txt', 'out/linked']
  const origin = await listenLocally(t, createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    if (pathname === '/api/v1/objects') {
      const files = names.map((path) => ({
        objectKey: 'k',
        fileName: path,
        path,
        direction: path === '..' ? '../..' : 'outputs',
        createdBy: '',
        bytes: 2,
        createdAt: null,
        downloadUrl: `${origin}/file?${new URLSearchParams({ path })}`,
      }))
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ folders: [], files, nextCursor: null }))
    } else {
      served.push(searchParams.get('path') ?? '')
      response.writeHead(200, { 'content-length': 2, etag: '"e"' }).end(request.method === 'HEAD' ? undefined : 'ok')
    }
  }))
  const { folder, call } = await prepare(t, await startService(t), origin)
  await mkdir(join(folder, 'here', 'outputs'), { recursive: true })
  await symlink(folder, join(folder, 'here', 'outputs', 'out'))
  const { exitCode, output } = await call('get', ...run, '--to', join(folder, 'here'))
  t.match({ exitCode, output }, { exitCode: 1, output: 'outputs/fine.txt\n' })
  t.strictSame([...new Set(served)], ['fine.txt'])
  t.strictSame(await readdir(folder), ['here'])
  t.strictSame((await readdir(join(folder, 'here', 'outputs'))).sort(), ['fine.txt', 'out'])
})

t.test('a file that changes while it is fetched is fetched as it is then', async (t) => {
  const bodies = new Map([['"1"', 'a'.repeat(300_000)], ['"2"', 'b'.repeat(200_000)]])
  let etag = '"1"'
  const ranges: unknown[] = []
  const origin = await listenLocally(t, createServer((request, response) => {
    const body = bodies.get(etag) ?? ''
    const { range, 'if-match': wanted } = request.headers
    if (request.method !== 'HEAD') ranges.push(range)
    if (wanted !== undefined && wanted !== etag) {
      response.writeHead(412).end()
      return
    }
    response.writeHead(200, { 'content-length': body.length, etag })
    if (request.method === 'HEAD' || etag === '"2"') {
      response.end(request.method === 'HEAD' ? undefined : body)
      return
    }
    // The connection breaks, and the file changes.
    response.write(body.slice(0, 100_000), () => {
      etag = '"2"'
      response.destroy()
    })
  }))
  const { folder, call } = await prepare(t, await startService(t))
  const key = `acme/workflows/${workflowId}/runs/${runId}/users/${member.userId}/outputs/AAAAAAAAAAAAAAAAAAAAAA/a.txt`
  t.match(await call('get', `${origin}/download?objectKey=${encodeURIComponent(key)}`, '--to', folder), { exitCode: 0 })
  t.equal(await readFile(join(folder, 'a.txt'), 'utf8'), bodies.get('"2"'))
  t.match(ranges, [undefined, /^bytes=\d+-$/, undefined])
  t.strictSame(await readdir(folder), ['a.txt'])
})

t.test('a file whose answer is lost is there once', async (t) => {
  const service = await startService(t)
  const proxy = await startTransferProxy(t, await service.app.listen({ host: '127.0.0.1', port: 0 }))
  const { folder, call } = await prepare(t, service, proxy.origin)
  await writeFile(join(folder, 'a.txt'), 'stored once')
  proxy.losePutAnswers(1)
  t.match(await call('put', join(folder, 'a.txt'), ...run, '--inputs'), { exitCode: 0, output: 'a.txt\n' })
  t.strictSame(proxy.answered.flatMap(({ method, statusCode }) => method === 'PUT' ? [statusCode] : []), [200, 412])
  t.strictSame(await usageOf(service), { fileCount: 1, totalBytes: 11 })
})

t.test('a command that is stopped says so, and sends only the rest when it is called again', async (t) => {
  const service = await startService(t)
  const proxy = await startTransferProxy(t, await service.app.listen({ host: '127.0.0.1', port: 0 }))
  const { folder, call, start } = await prepare(t, service, proxy.origin)
  await mkdir(join(folder, 'in'))
  for (let index = 0; index < 10; index++) await writeFile(join(folder, 'in', `${index}.txt`), 'x'.repeat(index))
  const options = ['put', join(folder, 'in'), ...run, '--outputs', '--parallel', '1']
  const held = proxy.holdPuts(4)
  const first = start(options)
  await held
  first.child.kill('SIGINT')
  t.match(await first.ended, { exitCode: 130, errors: /^Stopped\. The same command continues from here\.$/m })
  proxy.release()

  const { exitCode, output, errors } = await call(...options)
  t.match({ exitCode, errors }, { exitCode: 0, errors: /6 files sent, 4 had been sent before/ })
  t.equal(output.trim().split('\n').length, 10)
  t.strictSame(await usageOf(service), { fileCount: 10, totalBytes: 45 })
  t.match(await call(...options), { exitCode: 0, errors: /10 files sent\./ }, 'once it has ended, it is another command')
})

t.test('a file that has arrived when the command is killed is not sent again', async (t) => {
  const service = await startService(t)
  const proxy = await startTransferProxy(t, await service.app.listen({ host: '127.0.0.1', port: 0 }))
  const { folder, call, start } = await prepare(t, service, proxy.origin)
  await writeFile(join(folder, 'a.txt'), 'once')
  const options = ['put', join(folder, 'a.txt'), ...run, '--outputs']
  const arrived = proxy.holdPutAnswer()
  const { child, ended } = start(options)
  await arrived
  child.kill('SIGKILL')
  await ended
  proxy.release()
  t.match(await call(...options), { exitCode: 0, output: 'a.txt\n', errors: /0 files sent, 1 had been sent before/ })
  t.strictSame(await usageOf(service), { fileCount: 1, totalBytes: 4 })
})

t.test('nothing is sent unless everything can be', async (t) => {
  const service = await startService(t)
  const { folder, call, start } = await prepare(t, service)
  await mkdir(join(folder, 'in'))
  await writeFile(join(folder, 'in', 'a.txt'), 'a')
  await writeFile(join(folder, 'in', 'line\nbreak'), 'b')
  const put = ['put', join(folder, 'in'), ...run, '--outputs']
  t.match(await call(...put), { exitCode: 2, output: '', errors: /Nothing was sent.*\n {2}in\/line\uFFFDbreak: names have/ })
  t.strictSame(await usageOf(service), { fileCount: 0, totalBytes: 0 })

  await rm(join(folder, 'in', 'line\nbreak'))
  for (const [options, changes, message] of [
    [[...put, '--inputs'], {}, /--outputs or --inputs/],
    [['put', '--outputs', ...run], {}, /Name the files/],
    [['put', join(folder, 'in'), '--outputs', '--run', runId], {}, /Name the run/],
    [[...put, '--to', 'x'], {}, /--to/],
    [[...put, '--parallel', '0'], {}, /--parallel must be/],
    [['put', join(folder, 'none'), ...run, '--outputs'], {}, /none cannot be read \(ENOENT\)/],
    [put, { OBJECTS_STORAGE_URL: '' }, /Name the service's address/],
    [put, { OBJECTS_STORAGE_URL: 'ftp://x' }, /must be one such as/],
    [put, { OBJECTS_STORAGE_TOKEN: '' }, /Set OBJECTS_STORAGE_TOKEN/],
    [put, { OBJECTS_STORAGE_TOKEN: 'two words' }, /OBJECTS_STORAGE_TOKEN has no token/],
    [put, { OBJECTS_STORAGE_TOKEN: '', OBJECTS_STORAGE_TOKEN_FILE: '/nowhere' }, /TOKEN_FILE cannot be read \(ENOENT\)/],
    [put, { OBJECTS_STORAGE_TOKEN: 'wrong.but.secret' }, /TOKEN_INVALID/],
    [['get', ...run], { OBJECTS_STORAGE_TOKEN: 'wrong.but.secret' }, /TOKEN_INVALID/],
    [['get'], {}, /Name either/],
    [['shares'], {}, /npx objects-storage put/],
  ] as const) {
    const { exitCode, output, errors } = await start(options, changes).ended
    t.strictSame({ exitCode, output }, { exitCode: 2, output: '' }, errors)
    t.match(errors, message)
    t.notMatch(errors, /secret|stack|at file:/)
  }
  for (const name of ['put', 'get']) t.match(await call(name, '--help'), { exitCode: 0, output: new RegExp(`npx objects-storage ${name}`) })
})

t.test('the token is read from its file for each request, and shows nowhere', async (t) => {
  const service = await startService(t)
  const { folder, start } = await prepare(t, service)
  const token = service.authorise(member).authorization.replace('Bearer ', '')
  await writeFile(join(folder, 'token'), `${token}\n`)
  await writeFile(join(folder, 'a.txt'), 'a')
  const { child, ended } = start(['put', join(folder, 'a.txt'), ...run, '--outputs'], {
    OBJECTS_STORAGE_TOKEN: '', OBJECTS_STORAGE_TOKEN_FILE: join(folder, 'token'),
  })
  t.notMatch(child.spawnargs.join(' '), token)
  const { exitCode, output, errors } = await ended
  t.equal(exitCode, 0)
  t.notMatch(output + errors, token)
})
