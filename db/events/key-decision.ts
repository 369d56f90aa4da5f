import type { BucketEvent } from '../../events/notification.js'
import { type KnownState, type Observation, type OrderBounds, settle } from '../../events/order.js'
import type { EventRecord, RecordOutcome } from '../../events/pending-record.js'
import type { ObjectRow } from '../connection/tables.js'

/** What the records of one key make of its row. */
export interface KeyDecision {
  /** The row's new state; undefined where it stays as it is. */
  row: ObjectRow | undefined
  /** The record that the new state came from. */
  settledBy: EventRecord | undefined
  outcomeOf: (record: EventRecord) => RecordOutcome
}

/** What the decisions of one batch have in common. */
export interface BatchContext {
  /** The revision of every row that the batch changes. */
  revision: string
  now: Date
  bounds: OrderBounds
}

/**
 * Decides what a key's row becomes. An answer of the bucket holds for the revision that it was asked for: it settles the
 * records that were asked about, and the other ones are ordered against it.
 *
 * @param row undefined where there is none yet
 * @param records not empty, all of one key
 */
export function decideKey (row: ObjectRow | undefined, records: readonly EventRecord[], batch: BatchContext): KeyDecision {
  const answered = answeredRecord(records.filter((record) => row !== undefined && record.answer?.revision === row.revision))
  const observation = answered?.answer?.observation
  const isAnswered = (record: EventRecord) => observation !== undefined && record.answer?.revision === row?.revision
  const open = records.filter((record) => !isAnswered(record))
  const settlement = settle(observation ?? knownState(row), open.map(({ event }) => event), batch.bounds, batch.now)

  const settledBy = settlement.outcome === 'event' ? open.find(({ event }) => event === settlement.event) : answered
  const newRow = nextRow(row, records, settlement.outcome === 'event' ? settlement.event : observation, batch)
  const revision = newRow?.revision ?? row?.revision ?? batch.revision
  return {
    row: newRow,
    settledBy,
    outcomeOf: (record) => {
      if (isAnswered(record) || settlement.outcome === 'event') return { kind: 'applied' }
      return settlement.outcome === 'ask' ? { kind: 'ask', revision } : { kind: 'late' }
    },
  }
}

/** The record with the latest answer; undefined where answers of the same second contradict each other. */
function answeredRecord (records: readonly EventRecord[]): EventRecord | undefined {
  let latest: EventRecord | undefined
  for (const record of records) {
    const [time, latestTime] = [record, latest].map((of) => of?.answer?.observation.observedAt.getTime() ?? -Infinity)
    if (time === undefined || latestTime === undefined) continue
    if (time > latestTime) latest = record
    else if (time === latestTime && !isSameAnswer(record, latest)) return undefined
  }
  return latest
}

function isSameAnswer (left: EventRecord, right: EventRecord | undefined): boolean {
  const [one, other] = [left.answer?.observation.change, right?.answer?.observation.change]
  if (one?.kind !== 'created' || other?.kind !== 'created') return one?.kind === other?.kind
  return one.sizeBytes === other.sizeBytes && one.entityTag === other.entityTag
}

function nextRow (
  row: ObjectRow | undefined, records: readonly EventRecord[], state: BucketEvent | Observation | undefined,
  batch: BatchContext,
): ObjectRow | undefined {
  const [first] = records
  // A key that is asked about gets a row nevertheless: its lock and its revision tell whether the answer still holds.
  if (first === undefined || (row !== undefined && state === undefined)) return undefined
  const { objectKey, parts } = first.event
  const change = state?.change
  const isEvent = state !== undefined && 'eventTime' in state
  return {
    object_key: objectKey,
    org_key: parts.orgKey,
    workflow_id: parts.workflowId,
    run_id: parts.runId,
    created_by: parts.createdBy,
    direction: parts.direction,
    size_bytes: change?.kind === 'created' ? BigInt(change.sizeBytes) : 0n,
    entity_tag: change?.kind === 'created' ? change.entityTag ?? null : null,
    event_source: isEvent ? state.eventSource : null,
    event_time: isEvent ? state.eventTime ?? null : null,
    sequencer: isEvent ? state.sequencer ?? null : null,
    version_id: isEvent ? state.versionId ?? null : null,
    observed_at: state === undefined || isEvent ? null : state.observedAt,
    removed_at: change?.kind === 'created' ? null : batch.now,
    revision: batch.revision,
  }
}

/** What a row says is known of its key; undefined for a placeholder, which says nothing. */
export function knownState (row: ObjectRow | undefined): KnownState | undefined {
  if (row === undefined) return undefined
  const change = row.removed_at === null
    ? { kind: 'created', sizeBytes: Number(row.size_bytes), entityTag: row.entity_tag ?? undefined } as const
    : { kind: 'removed' } as const
  if (row.observed_at !== null) return { change, observedAt: row.observed_at }
  if (row.event_source === null || row.event_time === null) return undefined
  return {
    change,
    eventSource: row.event_source,
    eventTime: row.event_time,
    sequencer: row.sequencer ?? undefined,
    versionId: row.version_id ?? undefined,
  }
}
