import { randomUUID } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import { type Observation, compareStates } from '../../events/order.js'
import { isSameObject } from '../reconcile/catalogued-object.js'
import type { ObjectKeyParts } from '../../objects/object-key.js'
import type { Database, ObjectRow } from '../connection/tables.js'
import { knownState } from './key-decision.js'
import { insertOrLockObjects, readObjects, updateObjects } from './object-rows.js'
import { setAside } from './set-aside.js'
import { sqlState } from '../connection/sql-state.js'
import { inTransaction } from '../connection/transaction.js'
import { takePromisedUploads } from '../reservations.js'
import { addToSums, sumChanges } from './usage-sums.js'

/** What the bucket was seen to hold under a key. */
export interface ObservedKey {
  objectKey: string
  parts: ObjectKeyParts
  observation: Observation
  /** Of the key's row when the bucket was asked about just this key; undefined where a listing told. */
  revision?: string | undefined
}

/** What became of an observation. */
export type ObservationOutcome =
  | 'added' | 'removed' | 'corrected'
  /** The catalogue says the same, or came to say so. */
  | 'unchanged'
  /** The catalogue knows of a later change. */
  | 'outdated'
  /** The database refuses to hold it. */
  | 'refused'
  /** Whether the catalogue's state is older or newer cannot be told: the bucket must be asked about the key. */
  | { ask: string }

// Classes 22 and 23: data exceptions and integrity constraints.
const refusedValue = /^2[23]/

/**
 * Makes rows what the bucket was seen to hold, and the sums over them, in one transaction, unless they are known to have
 * changed after it was seen. Rows that say the same already stay untouched.
 *
 * @param observedKeys each key once
 * @param clockSkewMs how far apart the clocks of the store's nodes may be
 * @returns the outcomes, in the order given
 * @throws when the database does not answer, or kept undoing the transaction
 */
export async function applyObservations (
  database: Kysely<Database>, observedKeys: readonly ObservedKey[], clockSkewMs: number,
): Promise<ObservationOutcome[]> {
  if (observedKeys.length === 0) return []
  try {
    return await inTransaction(database, (transaction) => applyBatch(transaction, observedKeys, clockSkewMs))
  } catch (error) {
    if (!refusedValue.test(sqlState(error))) throw error
  }
  if (observedKeys.length === 1) return ['refused']
  const half = observedKeys.length >> 1
  return [
    ...await applyObservations(database, observedKeys.slice(0, half), clockSkewMs),
    ...await applyObservations(database, observedKeys.slice(half), clockSkewMs),
  ]
}

async function applyBatch (
  transaction: Transaction<Database>, observedKeys: readonly ObservedKey[], clockSkewMs: number,
): Promise<ObservationOutcome[]> {
  const batch = { revision: randomUUID(), now: new Date() }
  // A removed key is among them for the sake of its row's lock, taken in the order of the keys like every other.
  const inserted = await insertOrLockObjects(transaction, observedKeys.map((observed) => rowOf(observed, batch)))
  const before = new Map<string, ObjectRow>()
  const existing = observedKeys.filter(({ objectKey }) => !inserted.has(objectKey))
  if (existing.length > 0) {
    const rows = await readObjects(transaction, existing.map(({ objectKey }) => objectKey))
    for (const row of rows) before.set(row.object_key, row)
  }

  const outcomes = observedKeys.map((observed) => decide(before.get(observed.objectKey), observed, clockSkewMs))
  const after = observedKeys.flatMap((observed, index) => isChange(outcomes[index]) ? [rowOf(observed, batch)] : [])
  const changed = after.filter((row) => before.has(row.object_key))
  if (changed.length > 0) await updateObjects(transaction, changed)
  await addToSums(transaction, sumChanges(before, after, () => undefined))
  await keepPromises(transaction, after.filter((row) => row.removed_at === null))
  return outcomes
}

function decide (row: ObjectRow | undefined, observed: ObservedKey, clockSkewMs: number): ObservationOutcome {
  const { observation, revision } = observed
  const { change } = observation
  if (row === undefined) return change.kind === 'created' ? 'added' : 'unchanged'
  const wasThere = row.removed_at === null
  if (change.kind === 'removed' ? !wasThere : wasThere && isSameObject(change, describe(row))) return 'unchanged'

  const known = knownState(row)
  if (known !== undefined && row.revision !== revision) {
    // Only events have sequencers.
    const order = compareStates(known, observation, { clockSkewMs, isAmazonS3: false })
    if (order === 'newer') return 'outdated'
    if (order === 'unknown') return { ask: row.revision }
  }
  if (change.kind === 'removed') return 'removed'
  return wasThere ? 'corrected' : 'added'
}

function isChange (outcome: ObservationOutcome | undefined): boolean {
  return outcome === 'added' || outcome === 'removed' || outcome === 'corrected'
}

function describe (row: ObjectRow) {
  return { sizeBytes: row.size_bytes, entityTag: row.entity_tag }
}

function rowOf ({ objectKey, parts, observation }: ObservedKey, batch: { revision: string, now: Date }): ObjectRow {
  const { change, observedAt } = observation
  return {
    object_key: objectKey,
    org_key: parts.orgKey,
    workflow_id: parts.workflowId,
    run_id: parts.runId,
    created_by: parts.createdBy,
    direction: parts.direction,
    size_bytes: change.kind === 'created' ? BigInt(change.sizeBytes) : 0n,
    entity_tag: change.kind === 'created' ? change.entityTag ?? null : null,
    event_source: null,
    event_time: null,
    sequencer: null,
    version_id: null,
    observed_at: observedAt,
    removed_at: change.kind === 'created' ? null : batch.now,
    revision: batch.revision,
  }
}

/** Takes back the promises of uploads that have arrived, and sets those aside that are of another size than promised. */
async function keepPromises (transaction: Transaction<Database>, present: readonly ObjectRow[]): Promise<void> {
  const promises = await takePromisedUploads(transaction, present.map((row) => row.object_key))
  await setAside(transaction, present
    .filter((row) => (promises.get(row.object_key) ?? row.size_bytes) !== row.size_bytes)
    .map((row) => ({ reason: 'size_not_as_promised', record: { key: row.object_key, size: String(row.size_bytes) } })))
}
