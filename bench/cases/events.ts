import { randomUUID } from 'node:crypto'
import { connectPostgres } from '../../db/connection/pool.js'
import { makeObjectRow } from '../../db/events/object-rows.js'
import { type RowChange, writeRows } from '../../db/events/write-rows.js'
import { migrateToLatest } from '../../db/connection/migrate.js'
import type { Bench, Case } from '../bench.js'
import { runProgram } from '../child-process.js'
import { atLeast, beside, growth, interleave, spread } from '../measure.js'
import { type ServiceProcess, startService } from '../services/service.js'

const SHARED_BATCH = 64
const BIG_BATCH = 1_000

/**
 * How fast bucket notifications are counted: with 1, 8 and 64 senders of one record at a time, and with thousands of records
 * per notification, compared with the bare statement that writes a batch of 64; and two replicas on one database compared with
 * one.
 */
export const events: Case = async function * (bench) {
  const { postgres, rounds } = bench
  if (postgres === undefined) return
  const url = await postgres.createDatabase()
  const token = { EVENTS_TOKEN: randomUUID() }
  const start = () => startService(bench, { DATABASE_URL: url, ...token })
  const services = [await start(), await start()]
  const [one] = services
  const bareUrl = await postgres.createDatabase()
  const bareStatement = await openBareStatement(bareUrl, bench.seconds)
  try {
    const mediansMs: Record<string, number[]> = {}
    const post = (name: string, to: Array<ServiceProcess | undefined>, posters: number, records: number) => async () => {
      const [perSecond = NaN, medianMs = NaN] = await postEvents(bench, token, to, posters, records)
      const medians = mediansMs[name] ??= []
      medians.push(medianMs)
      return perSecond
    }
    const figures = await interleave(rounds, {
      serial: post('serial', [one], 1, 1),
      eight: post('eight', [one], 8, 1),
      many: post('many', [one], 64, 1),
      bulk: post('bulk', [one], 1, BIG_BATCH),
      batches: post('batches', [one], 2, BIG_BATCH),
      replicas: post('replicas', services, 64, 1),
      statement: bareStatement.perSecond,
    })
    const serialMs = spread(mediansMs.serial?.slice(1) ?? [])
    yield { case: 'Answer to a serial poster, median', unit: 'ms', measured: serialMs, target: { text: '≤ 3', isMet: serialMs.median <= 3 } }
    const statement = { name: `bare statement, batches of ${SHARED_BATCH}`, figures: figures.statement }
    yield beside('One poster of one record', 'events/s', figures.serial, statement)
    yield beside('8 posters of one record', 'events/s', figures.eight, statement)
    yield {
      ...beside('64 posters of one record', 'events/s', figures.many, statement),
      target: { text: '≥ 5,000/s', isMet: spread(figures.many).median >= 5_000 },
    }
    yield beside(`2 posters of ${BIG_BATCH} records`, 'events/s', figures.batches, statement)
    yield growth(`Growth of a notification's time from 1 record to ${BIG_BATCH.toLocaleString('en')}`,
      { size: 1, cost: serialMs.median }, { size: BIG_BATCH, cost: spread(mediansMs.bulk?.slice(1) ?? []).median })
    const oneReplica = { name: 'to one', figures: figures.many }
    yield beside('64 posters to two replicas', 'events/s', figures.replicas, oneReplica, {
      ...atLeast(1.5), text: '≥ 1.5, where PostgreSQL is not the limit',
    })
  } finally {
    await bareStatement.close()
    for (const service of services) await service.stop()
  }
}

async function postEvents (
  { seconds, store }: Bench, token: Record<string, string>, services: Array<ServiceProcess | undefined>,
  posters: number, records: number,
): Promise<number[]> {
  const origins = services.map((service) => service?.origin).join(',')
  return await runProgram('post-events', [origins, String(posters), String(seconds), String(records)], {
    environment: { ...token, S3_BUCKET: store.environment.S3_BUCKET },
  })
}

/** The statement that writes a batch, on one connection, without HTTP. */
async function openBareStatement (url: string, seconds: number) {
  const database = connectPostgres(url, () => {})
  await migrateToLatest(database)
  const ids = Array.from({ length: 10 }, () => randomUUID())
  let count = 0
  const makeChange = (): RowChange => {
    const [workflowId = '', userId = ''] = [ids[++count % ids.length], ids[0]]
    const eventTime = new Date()
    const [token, path] = [String(count).padStart(22, '0'), 'result.csv']
    const parts = { orgKey: 'bench', workflowId, runId: userId, createdBy: userId, direction: 'outputs', token, path } as const
    const objectKey = `bench/workflows/${workflowId}/runs/${userId}/users/${userId}/outputs/${token}/${path}`
    const change = { kind: 'created', sizeBytes: 1000, entityTag: '5d41402abc4b2a76b9719d911017c592' } as const
    const state = { change, eventSource: 'minio:s3', eventTime, sequencer: '17F427499AC0BA8F', versionId: undefined }
    const row = makeObjectRow({ objectKey, parts }, state, randomUUID())
    return { before: undefined, eventTime, row }
  }
  return {
    perSecond: async () => {
      const startedAtMs = performance.now()
      const before = count
      while (performance.now() - startedAtMs < seconds * 1000) {
        await writeRows(database, Array.from({ length: SHARED_BATCH }, makeChange))
      }
      return (count - before) / (performance.now() - startedAtMs) * 1000
    },
    close: () => database.destroy(),
  }
}
