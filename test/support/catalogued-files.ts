import type { Kysely } from 'kysely'
import { applyRecords } from '../../db/events/apply-records.js'
import type { Database } from '../../db/connection/tables.js'
import { parseObjectKey } from '../../objects/object-key.js'
import { applyObservations } from '../../reconcile/apply-observations.js'

/** What becomes of a file in the catalogue. */
export interface TestFile {
  objectKey: string
  /** undefined if the file is removed. */
  sizeBytes: number | undefined
  /** When its event happened; undefined if a reconcile found the file. */
  eventTime?: Date | undefined
}

const CLOCK_SKEW_MS = 5_000
const bounds = { clockSkewMs: CLOCK_SKEW_MS, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }

/** Makes the catalogue count files, or stop counting them, as events and reconciles do: rows and all sums. */
export async function catalogueFiles (database: Kysely<Database>, files: readonly TestFile[]): Promise<void> {
  const described = files.map(({ objectKey, sizeBytes, eventTime }) => {
    const parts = parseObjectKey(objectKey)
    if (parts === undefined) throw new TypeError('The key is not valid.')
    const change = sizeBytes === undefined
      ? { kind: 'removed' } as const
      : { kind: 'created', sizeBytes, entityTag: `tag-${sizeBytes}` } as const
    return { objectKey, parts, change, eventTime }
  })
  await applyRecords(database, described.flatMap(({ eventTime, ...file }) => eventTime === undefined
    ? []
    : [{ event: { ...file, eventSource: 'minio:s3', eventTime, sequencer: undefined, versionId: undefined }, record: null }]), bounds)
  await applyObservations(database, described.flatMap(({ eventTime, change, ...file }) => eventTime === undefined
    ? [{ ...file, observation: { change, observedAt: new Date(Date.now() - 3_600_000) } }]
    : []), CLOCK_SKEW_MS)
}
