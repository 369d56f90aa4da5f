import type { DatabaseHandle } from '../db/connection/tables.js'
import { type SetAsideRow, replaceSetAside } from '../db/events/set-aside-records.js'
import type { AskStore } from '../events/inquiries.js'
import type { ReadBucketNotification } from '../events/notification.js'
import { type ObjectKeyParts, parseObjectKey } from '../objects/object-key.js'
import { applyObservations } from './apply-observations.js'
import type { ObservedKey } from './decision.js'

/** What a replay needs from the service. */
export interface ReplayParts {
  database: DatabaseHandle
  read: ReadBucketNotification
  /** Asks the bucket about the current state of a key. */
  ask: AskStore
  clockSkewMs: number
}

/**
 * What became of a record: `counted` according to the bucket's current state, or irrelevant (`ignored`), and removed; still
 * `not_understood`, its keys `refused` by the database or `unsettled` because they keep changing, and left in place; or `gone`
 * in the meantime.
 */
export type ReplayOutcome = 'counted' | 'ignored' | 'not_understood' | 'refused' | 'unsettled' | 'gone'

/** Whether a record with this outcome is still there. */
export function isLeft (outcome: ReplayOutcome): boolean {
  return outcome === 'not_understood' || outcome === 'refused' || outcome === 'unsettled'
}

const ROUNDS_MAX = 8

/** Rolls back a transaction that turns out not to be able to settle a record. */
class Undone extends Error {
  readonly outcome: 'refused' | 'unsettled'
  readonly revisions: ReadonlyMap<string, string>

  constructor (outcome: 'refused' | 'unsettled', revisions: ReadonlyMap<string, string> = new Map()) {
    super('The transaction is undone.')
    this.outcome = outcome
    this.revisions = revisions
  }
}

/**
 * Reads a set-aside record again, with what this build understands: the bucket is asked about the current state of its keys,
 * and in one transaction they are counted accordingly and the record is removed. Nothing is locked while the bucket is asked.
 *
 * @throws if the database or the store does not answer; the record is then left
 */
export async function replaySetAside (
  row: SetAsideRow, { database, read, ask, clockSkewMs }: ReplayParts,
): Promise<ReplayOutcome> {
  const keys = keysOf(row.record, read)
  if (keys === undefined) return 'not_understood'
  let revisions: ReadonlyMap<string, string> = new Map()
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const observed: ObservedKey[] = []
    for (const [objectKey, parts] of keys) {
      const revision = revisions.get(objectKey)
      observed.push({ objectKey, parts, observation: await ask(objectKey), revision })
    }
    try {
      const isRemoved = await replaceSetAside(database, row.id, async (transaction) => {
        const outcomes = await applyObservations(transaction, observed, clockSkewMs)
        if (outcomes.some(({ outcome }) => outcome === 'refused')) throw new Undone('refused')
        const asked = new Map(observed.flatMap(({ objectKey }, index) => {
          const outcome = outcomes[index]?.outcome
          return typeof outcome === 'object' ? [[objectKey, outcome.ask] as const] : []
        }))
        if (asked.size > 0) throw new Undone('unsettled', asked)
      })
      if (!isRemoved) return 'gone'
      return keys.size > 0 ? 'counted' : 'ignored'
    } catch (error) {
      if (!(error instanceof Undone)) throw error
      if (error.outcome === 'refused') return 'refused'
      revisions = error.revisions
    }
  }
  return 'unsettled'
}

/**
 * The keys of this service that a record concerns; undefined if that cannot be determined. Records that the service itself made
 * name their key in `objectKey`.
 */
export function keysOf (record: string, read: ReadBucketNotification): Map<string, ObjectKeyParts> | undefined {
  let body: unknown
  try {
    body = JSON.parse(record)
  } catch {
    return undefined
  }
  const own = typeof body === 'object' && body !== null && 'objectKey' in body ? body.objectKey : undefined
  const parts = typeof own === 'string' ? parseObjectKey(own) : undefined
  if (typeof own === 'string' && parts !== undefined) return new Map([[own, parts]])
  const notification = read(body)
  if (notification === undefined || notification.rejected.length > 0) return undefined
  return new Map(notification.events.map(({ event }) => [event.objectKey, event.parts]))
}
