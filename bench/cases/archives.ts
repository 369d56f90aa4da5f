import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseObjectKey } from '../../objects/object-key.js'
import type { Case } from '../bench.js'
import { benchProgram, residentMib, runProgram, startServer } from '../child-process.js'
import { atLeast, beside, interleave, spread } from '../measure.js'
import { downloadUrl, startService } from '../services/service.js'
import { adminToken } from './usage-request.js'

const FILES = 10_000
const FILE_BYTES = 32 * 1024
const PUTS_AT_ONCE = 16
const FIRST_BYTE_TARGET_MS = 300
const MEMORY_TARGET_MIB = 64
const SAMPLE_MS = 50

/**
 * An archive of 10,000 files of 32 KiB: how long its first byte takes, what it adds to the service's memory, and its
 * throughput, compared with the same files streamed one after the other, and with the package `archiver` reading them from the
 * store.
 */
export const archives: Case = async function * ({ postgres, store, rounds }) {
  if (postgres === undefined) return
  const service = await startService(
    { store }, { DATABASE_URL: await postgres.createDatabase(), DOWNLOAD_MODE: 'stream', LIST_LIMIT: '0' })
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-bench-'))
  const list = join(folder, 'urls')
  const rival = await startServer([...benchProgram('archiver'), list], {})
  try {
    const keys: string[] = []
    for (let at = 0; at < FILES; at += PUTS_AT_ONCE) {
      keys.push(...await Promise.all(Array.from({ length: PUTS_AT_ONCE }, async (_, index) =>
        await store.put(`${at + index}.bin`, FILE_BYTES))))
    }
    const signedAt = new Date()
    await writeFile(list, keys.map((objectKey) =>
      store.presign({ method: 'GET', objectKey, signedAt, expiresInSeconds: 86_400 })).join('\n'))
    const { orgKey = '', workflowId = '', runId = '' } = parseObjectKey(keys[0] ?? '') ?? {}
    const token = adminToken(service, orgKey, randomUUID())
    await reconcile(service.origin, token)

    const archive = (format: string) =>
      `${service.origin}/api/v1/objects/archive?workflowId=${workflowId}&runId=${runId}&format=${format}`
    const read = async (input: string, ...bearer: string[]) => await runProgram('read-each', bearer, { input })
    const firstBytesMs: number[] = []
    const ofArchive = (format: string) => async () => {
      const [firstByteMs = NaN, megabytes = NaN] = await read(archive(format), token)
      firstBytesMs.push(firstByteMs)
      return megabytes
    }
    const atRest = await residentMib(service.pid)
    let highest = 0
    const watching = new AbortController()
    const watch = async () => {
      while (!watching.signal.aborted) {
        highest = Math.max(highest, await residentMib(service.pid))
        await setTimeout(SAMPLE_MS)
      }
    }
    const watched = watch()
    await read(archive('zip'), token)
    watching.abort()
    await watched
    const figures = await interleave(rounds, {
      zip: ofArchive('zip'),
      tar: ofArchive('tar'),
      streams: async () => (await read(keys.map((objectKey) => downloadUrl(service, objectKey)).join('\n')))[1] ?? NaN,
      archiver: async () => (await read(`${rival.origin}/`))[1] ?? NaN,
    })
    const firstByte = spread(firstBytesMs)
    yield {
      case: `First byte of an archive of ${FILES.toLocaleString('en')} files`,
      unit: 'ms',
      measured: firstByte,
      target: { text: `< ${FIRST_BYTE_TARGET_MS}`, isMet: firstByte.median < FIRST_BYTE_TARGET_MS },
    }
    yield {
      case: 'Memory that it adds',
      unit: 'MiB',
      measured: spread([highest - atRest]),
      target: { text: `≤ ${MEMORY_TARGET_MIB}`, isMet: highest - atRest <= MEMORY_TARGET_MIB },
    }
    for (const format of ['zip', 'tar'] as const) {
      const name = `Archive of files of 32 KiB as ${format.toUpperCase()}`
      yield beside(name, 'MB/s', figures[format], { name: 'streamed one by one', figures: figures.streams }, atLeast(0.8))
      yield beside(name, 'MB/s', figures[format], { name: 'archiver', figures: figures.archiver })
    }
  } finally {
    await rival.stop()
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Counts what is in the bucket. */
async function reconcile (origin: string, token: string): Promise<void> {
  const url = `${origin}/api/v1/objects/reconcile`
  const headers = { authorization: `Bearer ${token}` }
  await fetch(url, { method: 'POST', headers })
  for (let status = 'running'; status === 'running';) {
    await setTimeout(200)
    status = Object(await (await fetch(url, { headers })).json()).status
  }
}
