import { type Static, Type } from '@sinclair/typebox'

export const LivenessSchema = Type.Object({ status: Type.Literal('ok') }, {
  $id: 'Liveness', description: 'The service runs.', examples: [{ status: 'ok' }],
})

const part = (description: string) => Type.Unsafe<'up' | 'down'>({ type: 'string', enum: ['up', 'down'], description })

export const ReadinessSchema = Type.Object({
  status: Type.Unsafe<'ready' | 'degraded' | 'unavailable' | 'stopping'>({
    type: 'string',
    enum: ['ready', 'degraded', 'unavailable', 'stopping'],
    description: '`degraded`: downloads work, but whatever needs the part that is down, or not ready yet, does not.',
  }),
  parts: Type.Object({
    objectStorage: part('Without it nothing works.'),
    database: part('Downloads work without it. A read-only one, such as a standby, counts as down.'),
    identityProvider: Type.Optional(part('Only if JWT_JWKS_URL is set: whether the key set could be fetched when that was ' +
      'last tried. Without it downloads work, and so do tokens signed with a known key.')),
    eventQueues: Type.Optional(part('Only where the bucket\'s notifications are taken from queues: whether all of them could be reached when ' +
      'that was last tried. While they are away, usage stands still, and the queues keep what happens.')),
    runs: Type.Optional(Type.Unsafe<'counting'>({
      type: 'string',
      enum: ['counting'],
      description: 'Only after an update, while the files that were stored before it are being counted in their runs: until then lists ' +
        'of runs and files answer `NOT_READY`. Everything else works.',
    })),
  }),
}, {
  $id: 'Readiness',
  description: 'Whether the service can do its work, and if not, which part prevents it.',
  examples: [{ status: 'ready', parts: { objectStorage: 'up', database: 'up' } }],
})
export type Readiness = Static<typeof ReadinessSchema>
