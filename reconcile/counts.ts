import type { ReconcileCounts } from '../db/reconcile/reconciliations.js'

export const noCounts: Readonly<ReconcileCounts> = {
  listedCount: 0,
  addedCount: 0,
  removedCount: 0,
  correctedCount: 0,
  leftCount: 0,
  unsettledCount: 0,
  foreignCount: 0,
  foreignBytes: 0n,
}

/** Adds more to counts, which are changed. */
export function addCounts (counts: ReconcileCounts, more: Readonly<ReconcileCounts>): void {
  counts.listedCount += more.listedCount
  counts.addedCount += more.addedCount
  counts.removedCount += more.removedCount
  counts.correctedCount += more.correctedCount
  counts.leftCount += more.leftCount
  counts.unsettledCount += more.unsettledCount
  counts.foreignCount += more.foreignCount
  counts.foreignBytes += more.foreignBytes
}
