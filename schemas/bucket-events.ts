import { type Static, Type } from '@sinclair/typebox'

export const BucketEventsSchema = Type.Object({
  applied: Type.Integer({ minimum: 0, description: 'Records that usage now accounts for; also those that it did before.' }),
  setAside: Type.Integer({ minimum: 0, description: 'Records that make no sense, kept for a person to look at.' }),
  ignored: Type.Integer({ minimum: 0, description: 'Records of other buckets, other kinds of event and other keys.' }),
}, {
  $id: 'BucketEvents',
  description: 'What became of the records; everything is committed.',
  examples: [{ applied: 1, setAside: 0, ignored: 0 }],
})
export type BucketEvents = Static<typeof BucketEventsSchema>
