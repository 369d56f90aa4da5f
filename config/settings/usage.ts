import { Type } from '@sinclair/typebox'

/** What is counted. */
export const usage = {
  RECONCILE_CRON: Type.Optional(Type.String({
    minLength: 1,
    description: 'When to compare everything that is counted with the bucket and settle differences, as in crontab: notifications can ' +
      'get lost. One of the replicas does it. Unset: only on request.',
    examples: ['0 3 * * *'],
  })),
}
