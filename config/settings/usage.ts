import { Type } from '@sinclair/typebox'

/** The most ranges that are compared side by side. */
export const RANGES_MAX = 16

/** What is counted. */
export const usage = {
  RECONCILE_CRON: Type.Optional(Type.String({
    minLength: 1,
    description: 'Schedule, as in crontab, for comparing everything that is counted with the bucket and settling ' +
      'differences: notifications can get lost. One of the replicas does it. Unset: only on request.',
    examples: ['0 3 * * *'],
  })),
  RECONCILE_PARALLEL: Type.Integer({
    minimum: 1,
    maximum: RANGES_MAX,
    default: 1,
    description: 'Ranges of keys that a reconcile compares side by side, at most. More are faster where the object storage takes long ' +
      'for a page of its listing; each takes a listing\'s requests to the storage, and memory for two pages.',
  }),
}
