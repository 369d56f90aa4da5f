import type { Kysely } from 'kysely'
import type { ChangeStamp, Decision, KnownKey } from '../../events/decision.js'
import type { ObjectKeyParts } from '../../objects/object-key.js'
import type { Database } from '../connection/tables.js'
import { sqlState } from '../connection/sql-state.js'
import type { LeaseClaim } from '../leases.js'
import { repeatWhereUndone } from '../connection/transaction.js'
import { type ReadObjectRow, makeObjectRow, readKnownKey, readObjects } from './object-rows.js'
import { newRevision } from './revision.js'
import { type RowChange, writeRows } from './write-rows.js'

/** A key that something is reported about, with whatever the decision about it needs. */
export interface ReportedKey {
  objectKey: string
  parts: ObjectKeyParts
  /** Whether the catalogue probably has a row for it, which is then read first; other keys are first assumed to be new. */
  isLikelyKnown?: boolean
}

/**
 * Decides what a key becomes; must be free of side effects, since it may be called several times.
 *
 * @param known undefined if the catalogue knows nothing of the key
 */
export type Decide<Key, Outcome> = (key: Key, known: KnownKey | undefined, stamp: ChangeStamp) => Decision<Outcome>

/** What became of a key. */
export interface AppliedKey<Outcome> {
  /** The outcome of the decision that was written; `refused` if the database refuses to hold the key. */
  outcome: Outcome | 'refused'
  /** Whether its file differs in size from what was reserved for the upload. */
  isSizeMismatch: boolean
}

/** Why something is repeated. */
export type RepeatCause = 'undone' | 'changed'

/** Called as things happen while batches are applied. */
interface ApplyListener {
  /** The server rolled a statement back in favour of another one, or rows changed before they could be replaced. */
  onRepeat?: (cause: RepeatCause) => void
  /** An upload brought other content than it had brought before: its URL was used once more. */
  onOverwritten?: (objectKey: string) => void
}

/** How batches are applied. */
export interface ApplyOptions extends ApplyListener {
  /** The database's clock; defaults to this machine's. */
  now?: () => Date
  /** Once this lease is lost, nothing is written. */
  lease?: LeaseClaim | undefined
}

/** Rows kept changing under a batch. */
class ContendedRowsError extends Error {
  override name = 'ContendedRowsError'
}

// A batch loses a round only if another one wins it: it may lose as many as there are batches in progress on all replicas.
const ROUNDS_MAX = 100
// Classes 22 and 23: data exceptions and integrity constraints; except 23503, which means that a run was purged just then.
const refusedValue = /^2(2|3(?!503))/

/** A key, what is believed about its row, and what has become of it so far. */
interface Place<Key, Outcome> extends AppliedKey<Outcome> {
  key: Key
  /** Undefined if there is none. */
  before: ReadObjectRow | undefined
  /** `assumed`: taken for new without looking; `stale`: its row must be read. */
  belief: 'assumed' | 'stale' | 'read'
}

/**
 * The only way in which the catalogue changes. Turns every key into what is decided about it: rows, the sums over them and the
 * reservations of uploads change together, in one statement, which is a transaction of its own, so that no lock is held between
 * two statements. Keys are first taken for new; if some of them are known, the statement writes nothing and returns their rows,
 * and all keys are then submitted once more. Rows that someone else changed in between are read and decided about again. If
 * there is nothing to write for a key that was taken for new, its row is read to make sure.
 *
 * If the database refuses a value, the batch is halved until the offending key is on its own.
 *
 * @param keys each object key once
 * @returns what became of the keys, in the order given
 * @throws {ContendedRowsError} if rows kept changing
 * @throws {LeaseLostError}
 * @throws if the database does not answer; some of the keys may have been written by then, and all can be applied again
 */
export async function apply<Key extends ReportedKey, Outcome> (
  database: Kysely<Database>, keys: readonly Key[], decide: Decide<Key, Outcome>, options: ApplyOptions = {},
): Promise<Array<AppliedKey<Outcome>>> {
  const places = keys.map((key): Place<Key, Outcome> =>
    ({
      key,
      before: undefined,
      belief: key.isLikelyKnown === true ? 'stale' : 'assumed',
      outcome: 'refused',
      isSizeMismatch: false,
    }))
  await applyAll(database, places, decide, options)
  return places
}

async function applyAll<Key extends ReportedKey, Outcome> (
  database: Kysely<Database>, places: ReadonlyArray<Place<Key, Outcome>>, decide: Decide<Key, Outcome>, options: ApplyOptions,
): Promise<void> {
  let open = places
  for (let round = 0; open.length > 0; round++) {
    if (round === ROUNDS_MAX) throw new ContendedRowsError('Rows kept changing while changes were applied to them.')
    try {
      open = await applyRound(database, open, decide, options)
    } catch (error) {
      if (!refusedValue.test(sqlState(error))) throw error
      if (open.length === 1) return
      const half = open.length >> 1
      await applyAll(database, open.slice(0, half), decide, options)
      await applyAll(database, open.slice(half), decide, options)
      return
    }
  }
}

/** Returns the places that are still open. */
async function applyRound<Key extends ReportedKey, Outcome> (
  database: Kysely<Database>, open: ReadonlyArray<Place<Key, Outcome>>, decide: Decide<Key, Outcome>,
  { onRepeat = () => {}, onOverwritten = () => {}, now = () => new Date(), lease }: ApplyOptions,
): Promise<Array<Place<Key, Outcome>>> {
  await readStale(database, open)
  const stamp = { revision: newRevision(), now: now() }
  const changing: Array<{ place: Place<Key, Outcome>, change: RowChange, outcome: Outcome }> = []
  const unseen: Array<Place<Key, Outcome>> = []
  for (const place of open) {
    const { key, before } = place
    const { next, outcome } = decide(key, before === undefined ? undefined : readKnownKey(before), stamp)
    if (next !== undefined) {
      const row = makeObjectRow(key, next.state, stamp.revision)
      changing.push({ place, outcome, change: { row, before, eventTime: next.eventTime } })
    } else if (place.belief === 'read') {
      place.outcome = outcome
    } else {
      place.belief = 'stale'
      unseen.push(place)
    }
  }
  // All changes must be made in one statement.
  if (unseen.length > 0) return [...unseen, ...changing.map(({ place }) => place)]
  if (changing.length === 0) return []

  const changes = changing.map(({ change }) => change)
  const written = await repeatWhereUndone(() => writeRows(database, changes, lease), () => { onRepeat('undone') })
  const left: Array<Place<Key, Outcome>> = []
  for (const { place, outcome, change } of changing) {
    const { objectKey } = place.key
    if (written.writtenKeys.has(objectKey)) {
      place.outcome = outcome
      place.isSizeMismatch = written.sizeMismatches.has(objectKey)
      if (written.broughtAgain.has(objectKey) && hasOtherContent(change)) onOverwritten(objectKey)
    } else {
      left.push(place)
    }
  }
  if (written.knownRows.size > 0) {
    for (const place of left) believe(place, written.knownRows)
  } else if (left.length > 0) {
    onRepeat('changed')
    for (const place of left) place.belief = 'stale'
  }
  return left
}

/** Whether a file takes the place of another one; false if the same one is reported again. */
function hasOtherContent ({ row, before }: RowChange): boolean {
  if (before === undefined || before.removed_at_ms !== null || row.is_removed) return false
  const hasTags = before.entity_tag !== null && row.entity_tag !== null
  return before.size_bytes !== row.size_bytes || (hasTags && before.entity_tag !== row.entity_tag)
}

function believe<Key extends ReportedKey, Outcome> (
  place: Place<Key, Outcome>, rows: ReadonlyMap<string, ReadObjectRow>,
): void {
  const row = rows.get(place.key.objectKey)
  if (row === undefined) return
  place.before = row
  place.belief = 'read'
}

async function readStale<Key extends ReportedKey, Outcome> (
  database: Kysely<Database>, places: ReadonlyArray<Place<Key, Outcome>>,
): Promise<void> {
  const stale = places.filter(({ belief }) => belief === 'stale')
  if (stale.length === 0) return
  const rows = await readObjects(database, stale.map(({ key }) => key.objectKey))
  const byKey = new Map(rows.map((row) => [row.object_key, row]))
  for (const place of stale) {
    place.before = byKey.get(place.key.objectKey)
    place.belief = 'read'
  }
}
