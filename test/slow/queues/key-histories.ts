import { randomUUID } from 'node:crypto'
import { Client } from 'minio'
import { mintObjectKey } from '../../../objects/object-key.js'
import { bucketRecord } from '../../support/bucket-records.js'
import type { OpenStore } from '../../support/stores.js'

/** What happened to the keys of a bucket, as its notifications report it, and their final state. */
export interface KeyHistories {
  /** Notifications whose records are shuffled, some of them duplicated. */
  bodies: string[]
  /** The size of each file that exists in the end, by its key. The bucket holds them. */
  sizes: Map<string, number>
}

const KEYS = 200
const LAST_CHANGE_MS = 60 * 60 * 1000
const BETWEEN_CHANGES_MS = 20_000
/** One record in this many is sent twice. */
const TWICE = 5
const PUT_AT_ONCE = 16

/**
 * Makes up histories with the given number of events, and puts the files that remain into the bucket.
 *
 * @param perBody how many events a notification has
 */
export async function makeKeyHistories ({ environment }: OpenStore, count: number, perBody: number): Promise<KeyHistories> {
  const bucket = environment.S3_BUCKET ?? ''
  const [workflowId, runId, createdBy] = [randomUUID(), randomUUID(), randomUUID()]
  const keys = Array.from({ length: KEYS }, (_, index) => mintObjectKey({
    orgKey: 'acme', workflowId, runId, createdBy, direction: 'outputs', path: `${index}.bin`,
  }))
  const distinct = Math.ceil(count * TWICE / (TWICE + 1))
  const changes = Math.ceil(distinct / KEYS)
  const sizes = new Map<string, number>()
  const records: object[] = []
  const startMs = Date.now() - LAST_CHANGE_MS - changes * BETWEEN_CHANGES_MS
  for (let change = 0; change < changes; change++) {
    for (const [index, objectKey] of keys.entries()) {
      const isRemoval = (change + index) % 4 === 0
      const sizeBytes = 1 + (change * 7 + index) % 1000
      if (isRemoval) sizes.delete(objectKey)
      else sizes.set(objectKey, sizeBytes)
      const record = bucketRecord(objectKey, {
        bucket,
        eventName: isRemoval ? 's3:ObjectRemoved:Delete' : 's3:ObjectCreated:Put',
        sizeBytes,
        at: new Date(startMs + change * BETWEEN_CHANGES_MS),
      })
      // For some files, the last event says only that something changed, so the bucket is asked.
      if (change === changes - 1 && index % 10 === 0) Object.assign(record.s3.object, { size: 'unknown' })
      records.push(record)
    }
  }
  await putFiles(environment, sizes)
  const again = records.filter((_record, index) => index % TWICE === 0)
  const sent = shuffled([...records, ...again])
  const bodies = Array.from({ length: Math.ceil(sent.length / perBody) }, (_, index) =>
    JSON.stringify({ Records: sent.slice(index * perBody, (index + 1) * perBody) }))
  return { bodies, sizes }
}

async function putFiles (environment: Record<string, string>, sizes: ReadonlyMap<string, number>): Promise<void> {
  const { hostname, port } = new URL(environment.S3_ENDPOINT ?? '')
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region: 'us-east-1',
    accessKey: environment.S3_ACCESS_KEY ?? '',
    secretKey: environment.S3_SECRET_KEY ?? '',
  })
  const files = [...sizes]
  while (files.length > 0) {
    await Promise.all(files.splice(0, PUT_AT_ONCE).map(([objectKey, sizeBytes]) =>
      client.putObject(environment.S3_BUCKET ?? '', objectKey, Buffer.alloc(sizeBytes))))
  }
}

function shuffled<Item> (items: Item[]): Item[] {
  return items.map((item) => ({ item, place: Math.random() }))
    .sort((left, right) => left.place - right.place)
    .map(({ item }) => item)
}
