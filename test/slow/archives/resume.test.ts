import { execFile, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { member, startService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

const run = promisify(execFile)

const CUTS = 100
const UPLOADS_AT_ONCE = 16

const withoutCurl = spawnSync('curl', ['--version']).status !== 0 && 'curl is not installed'
const skipped = testDatabaseUrl === undefined ? 'TEST_DATABASE_URL is not set' : withoutCurl

// Files above this size are mostly zeros, so that ARCHIVE_FILES=10000 ARCHIVE_MIB=51200 needs little room.
const SPARSE_FROM_BYTES = 1024 ** 2
const RANDOM_BYTES = 64 * 1024

/** Fewer for a store that answers slowly. */
const extents: Record<string, { files: number, bytes: number }> = {
  'embedded store': { files: Number(process.env.ARCHIVE_FILES ?? 2_000), bytes: Number(process.env.ARCHIVE_MIB ?? 300) * 1024 ** 2 },
  'real S3': { files: 300, bytes: 40 * 1024 ** 2 },
}

for (const { name, skip, open } of storeKinds) {
  const { files, bytes } = extents[name] ?? { files: 0, bytes: 0 }

  // Two replicas answer requests in turn, so that nothing can depend on earlier answers.
  t.test(`archives on ${name}, cut ${CUTS} times and resumed by curl at another replica`, { skip: skip || skipped }, async (t) => {
    const [{ url: databaseUrl, close }, store] = [await createServerDatabase(testDatabaseUrl ?? ''), await open()]
    t.teardown(close)
    t.teardown(store.close)
    const environment = { ...store.environment, DATABASE_URL: databaseUrl, SERVICE_SECRET: 'a-secret-of-both-replicas-in-this-test' }
    const replicas = [await startService(t, environment), await startService(t, environment)] as const
    const [{ app, putFile, authorise, nextLine }] = replicas
    const isSparse = bytes / files > SPARSE_FROM_BYTES
    const stored = new Set<string>()
    const runId = randomUUID()
    const put = async (index: number) => {
      const objectKey = mintObjectKey({
        orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: `folder ${index % 20}/file ${index}`,
      })
      // From empty files to ones twice as big as the average.
      await putFile(contentOf(Math.round(2 * bytes / files * index / files)), { objectKey })
    }
    for (let at = 0; at < files; at += UPLOADS_AT_ONCE) {
      const count = Math.min(UPLOADS_AT_ONCE, files - at)
      await Promise.all(Array.from({ length: count }, async (_, index) => { await put(at + index) }))
      if (isSparse && store.directory !== undefined) await digHolesIn(store.directory, stored)
    }
    // One reconcile counts them all.
    const counted = nextLine(({ msg }) => msg === 'compared the catalogue with the bucket')
    const asAdmin = authorise({ ...member, roles: ['admin'] })
    const started = await app.inject({ method: 'POST', url: '/api/v1/objects/reconcile', headers: asAdmin })
    t.equal(started.statusCode, 202)
    await counted

    const folder = await mkdtemp(join(tmpdir(), 'objects-storage-archives-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const origins = await Promise.all(replicas.map(async ({ app }) => await app.listen({ host: '127.0.0.1', port: 0 })))
    const proxies = await Promise.all(origins.map(async (origin) => await FaultProxy.start(origin)))
    for (const proxy of proxies) t.teardown(() => proxy.close())
    const { authorization } = authorise(member)

    for (const format of ['tar', 'zip']) {
      const path = `/api/v1/objects/archive?workflowId=${workflowId}&runId=${runId}&format=${format}`
      const file = join(folder, `whole.${format}`)
      const fetchTo = async (target: string, origin: string, ...options: string[]) =>
        await run('curl', ['--silent', '--show-error', '--fail', '--header', `authorization: ${authorization}`, ...options, '--output', target, origin + path])
      const { headers } = await app.inject({ method: 'HEAD', url: path, headers: { authorization } })
      const sizeBytes = Number(headers['content-length'])
      const cuts = Array.from({ length: CUTS }, () => randomInt(1, sizeBytes)).toSorted((one, other) => one - other)
      let at = 0
      for (const [index, cut] of cuts.entries()) {
        const proxy = proxies[index % proxies.length]
        if (cut === at || proxy === undefined) continue
        proxy.inject({ kind: 'truncate', afterBytes: cut - at }, { times: 1 })
        // 18: a part of the file, 56: the connection was closed.
        await t.rejects(fetchTo(file, proxy.endpoint, '--continue-at', '-', '--header', `if-range: ${headers.etag}`), { code: /^(18|56)$/ })
        proxy.heal()
        at = (await stat(file)).size
        if (isSparse) await digHoles([file])
      }
      await fetchTo(file, proxies[0]?.endpoint ?? '', '--continue-at', '-')
      t.equal((await stat(file)).size, sizeBytes)
      const plain = spawn('curl', ['--silent', '--fail', '--header', `authorization: ${authorization}`, origins[1] + path])
      t.equal(await digestOf(createReadStream(file)), await digestOf(plain.stdout), `${format} is the same, byte for byte`)
      if (format === 'zip') await t.resolves(run('python3', ['-c', 'import sys, zipfile; assert zipfile.ZipFile(sys.argv[1]).testzip() is None', file]))
      await rm(file)
    }
  })
}

async function digestOf (bytes: Readable): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(bytes, hash)
  return hash.digest('hex')
}

/** Random, or random only at its beginning if it is big. */
function contentOf (sizeBytes: number): Buffer {
  if (sizeBytes <= SPARSE_FROM_BYTES) return randomBytes(sizeBytes)
  const content = Buffer.alloc(sizeBytes)
  randomBytes(RANDOM_BYTES).copy(content)
  return content
}

/** Gives back the room of blocks of zeros. */
async function digHoles (files: string[]): Promise<void> {
  await Promise.all(files.map(async (file) => await run('fallocate', ['--dig-holes', file])))
}

/** @param done files that have their holes, to which those that get them are added */
async function digHolesIn (directory: string, done: Set<string>): Promise<void> {
  const entries = await readdir(join(directory, 'objects'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => !done.has(file))
  await digHoles(files)
  for (const file of files) done.add(file)
}
