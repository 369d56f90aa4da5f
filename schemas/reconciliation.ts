import { type Static, Type } from '@sinclair/typebox'

const count = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })

export const ReconciliationSchema = Type.Object({
  status: Type.Unsafe<'running' | 'complete' | 'interrupted' | 'failed'>({
    type: 'string',
    enum: ['running', 'complete', 'interrupted', 'failed'],
    description: 'After `interrupted` or `failed`, the next one resumes where this one stopped, within a day.',
  }),
  startedAt: Type.String({ format: 'date-time' }),
  updatedAt: Type.String({ format: 'date-time', description: 'When the figures below were recorded.' }),
  finishedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'Null unless it is complete.' }),
  listedFiles: count('Objects of the bucket that were looked at.'),
  added: count('Files that were in the bucket and not counted.'),
  removed: count('Files that were counted and not in the bucket.'),
  corrected: count('Files that were counted with another size or content.'),
  left: count('Differences caused by changes made in the meantime: their events settle them.'),
  unsettled: count('Differences that remain.'),
  foreignObjects: count('Objects whose keys are not of this service\'s form. They are not counted in usage.'),
  foreignBytes: count('Their bytes.'),
  failure: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed.' }),
}, {
  $id: 'Reconciliation',
  description: 'How far a comparison of the catalogue with the bucket has come.',
  examples: [{
    status: 'complete',
    startedAt: '2026-01-31T03:00:00.000Z',
    updatedAt: '2026-01-31T03:00:09.000Z',
    finishedAt: '2026-01-31T03:00:09.000Z',
    listedFiles: 120034,
    added: 2,
    removed: 1,
    corrected: 0,
    left: 0,
    unsettled: 0,
    foreignObjects: 3,
    foreignBytes: 9120,
    failure: null,
  }],
})
export type ReconciliationBody = Static<typeof ReconciliationSchema>

/** What is recorded about a run. */
interface WrittenReconciliation extends Pick<ReconciliationBody, 'status' | 'failure'> {
  startedAt: Date
  updatedAt: Date
  finishedAt: Date | null
  counts: {
    listedCount: number
    addedCount: number
    removedCount: number
    correctedCount: number
    leftCount: number
    unsettledCount: number
    foreignCount: number
    foreignBytes: bigint
  }
}

/** The response that describes a run. */
export function reconciliationBody (reconciliation: WrittenReconciliation): ReconciliationBody {
  const { status, startedAt, updatedAt, finishedAt, counts, failure } = reconciliation
  return {
    status,
    startedAt: startedAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    listedFiles: counts.listedCount,
    added: counts.addedCount,
    removed: counts.removedCount,
    corrected: counts.correctedCount,
    left: counts.leftCount,
    unsettled: counts.unsettledCount,
    foreignObjects: counts.foreignCount,
    foreignBytes: Number(counts.foreignBytes),
    failure,
  }
}
