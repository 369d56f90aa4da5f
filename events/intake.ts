import { GroupCommit } from './group-commit.js'
import { type EventRecord, type PendingRecord, type RecordOutcome, isEventRecord } from './pending-record.js'
import { type AskStore, StoreInquiries } from './inquiries.js'

/** What became of one sender's records, and those whose files may not be what their uploads allowed. */
export interface IntakeOutcome {
  appliedCount: number
  /** Records that said nothing new. */
  lateCount: number
  setAsideCount: number
  /** Includes copies, and repeated records: the follow-up to the first delivery may not have been done. */
  suspects: EventRecord[]
}

/** A key kept changing while the bucket was being asked about it; the sender should try again. */
export class UnsettledKeyError extends Error {
  override name = 'UnsettledKeyError'
}

const BATCH_MAX_RECORDS = 1_000
const QUEUE_MAX_RECORDS = 20_000
const INQUIRIES_MAX_CONCURRENT = 16
const ROUNDS_MAX = 8

/**
 * Takes in the bucket's records from many senders at once: they are applied in shared batches, and where events cannot be
 * ordered the bucket is asked, outside of any transaction, and its answer is applied like a record.
 */
export class EventIntake {
  readonly #commits: GroupCommit<PendingRecord, RecordOutcome>
  readonly #inquiries: StoreInquiries

  /**
   * @param apply applies the records of one batch durably
   * @param askStore asks the bucket about the current state of a key
   */
  constructor (apply: (records: PendingRecord[]) => Promise<RecordOutcome[]>, askStore: AskStore) {
    this.#commits = new GroupCommit(apply, { maxBatch: BATCH_MAX_RECORDS, maxQueued: QUEUE_MAX_RECORDS })
    this.#inquiries = new StoreInquiries(askStore, INQUIRIES_MAX_CONCURRENT)
  }

  /** Records waiting to be applied. */
  get queuedCount (): number {
    return this.#commits.queuedCount
  }

  /**
   * Resolves once every record is applied or set aside, and committed.
   *
   * @throws {QueueFullError} if too many records are waiting
   * @throws {UnsettledKeyError} if a key kept changing
   * @throws what applying a batch threw, or asking the bucket; all records that this did not affect are committed
   */
  async take (records: readonly PendingRecord[]): Promise<IntakeOutcome> {
    const counts = { appliedCount: 0, lateCount: 0, setAsideCount: 0 }
    const suspects: EventRecord[] = []
    const failures: unknown[] = []
    let pending = records
    for (let round = 0; pending.length > 0; round++) {
      if (round === ROUNDS_MAX) throw new UnsettledKeyError('A key kept changing while the bucket was asked about it.')
      const outcomes = await this.#commits.submit(pending)
      const inquiries = pending.flatMap((record, index) => {
        const outcome = outcomes[index]
        if (outcome?.kind === 'ask' && isEventRecord(record)) return [this.#ask(record, outcome.revision)]
        if (isEventRecord(record) && isSuspect(record, outcome)) suspects.push(record)
        if (outcome?.kind === 'set_aside' || outcome?.kind === 'not_as_reserved') counts.setAsideCount++
        else if (outcome?.kind === 'late') counts.lateCount++
        else counts.appliedCount++
        return []
      })
      const answered = await Promise.allSettled(inquiries)
      pending = answered.flatMap((inquiry) => inquiry.status === 'fulfilled' ? [inquiry.value] : [])
      failures.push(...answered.flatMap((inquiry) => inquiry.status === 'rejected' ? [inquiry.reason] : []))
    }
    if (failures.length > 0) throw failures[0]
    return { ...counts, suspects }
  }

  async #ask (record: EventRecord, revision: string): Promise<EventRecord> {
    return { ...record, answer: await this.#inquiries.inquire(record.event.objectKey, revision) }
  }
}

function isSuspect ({ event, isCopy = false }: EventRecord, outcome: RecordOutcome | undefined): boolean {
  return isCopy || outcome?.kind === 'not_as_reserved' || (outcome?.kind === 'late' && event.change.kind === 'created')
}
