import { type Static, Type } from '@sinclair/typebox'

export const LivenessSchema = Type.Object({ status: Type.Literal('ok') }, {
  $id: 'Liveness', description: 'It runs.', examples: [{ status: 'ok' }],
})

const part = (description: string) => Type.Unsafe<'up' | 'down'>({ type: 'string', enum: ['up', 'down'], description })

export const ReadinessSchema = Type.Object({
  status: Type.Unsafe<'ready' | 'degraded' | 'unavailable' | 'stopping'>({
    type: 'string',
    enum: ['ready', 'degraded', 'unavailable', 'stopping'],
    description: '`degraded`: downloads work, everything else waits for the database.',
  }),
  parts: Type.Object({
    objectStorage: part('Without it nothing works.'),
    database: part('Without it downloads work.'),
  }),
}, {
  $id: 'Readiness',
  description: 'Whether the service can do its work, and which part keeps it from that.',
  examples: [{ status: 'ready', parts: { objectStorage: 'up', database: 'up' } }],
})
export type Readiness = Static<typeof ReadinessSchema>
