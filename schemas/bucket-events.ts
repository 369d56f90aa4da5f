import { type Static, Type } from '@sinclair/typebox'
import { encodePath } from '../http/percent-encoding.js'
import { EXAMPLE_OBJECT_KEY } from './examples.js'

/** What all object stores send alike. */
export const BucketNotificationSchema = Type.Object({
  EventName: Type.Optional(Type.String({ description: 'The kind of event; sent by MinIO.' })),
  Key: Type.Optional(Type.String({ description: 'Bucket and object key, separated by a slash; sent by MinIO.' })),
  Records: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }), {
    description: 'The events, in any order. A test message has none.',
  })),
  Event: Type.Optional(Type.String({ description: '`s3:TestEvent` in the message that tries a configuration out; sent by Amazon S3 and versitygw.' })),
}, {
  $id: 'BucketNotification',
  additionalProperties: true,
  description: 'A notification as the object store sends it. Anything else is refused.',
  examples: [{
    Records: [{
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      eventTime: '2026-01-31T12:00:00.000Z',
      eventName: 'ObjectCreated:Put',
      s3: {
        bucket: { name: 'objects' },
        object: {
          key: encodePath(EXAMPLE_OBJECT_KEY),
          size: 24_601,
          eTag: 'd41d8cd98f00b204e9800998ecf8427e',
          sequencer: '0055AED6DCD90281E5',
        },
      },
    }],
  }],
})

export const BucketEventsSchema = Type.Object({
  applied: Type.Integer({ minimum: 0, description: 'Changes that usage now accounts for; also those that it did before.' }),
  setAside: Type.Integer({ minimum: 0, description: 'Records without a usable key: the first 100 are kept for a person to look at.' }),
  ignored: Type.Integer({ minimum: 0, description: 'Records of other buckets, other kinds of event and other keys.' }),
}, {
  $id: 'BucketEvents',
  description: 'What became of the records; everything is committed.',
  examples: [{ applied: 1, setAside: 0, ignored: 0 }],
})
export type BucketEvents = Static<typeof BucketEventsSchema>
