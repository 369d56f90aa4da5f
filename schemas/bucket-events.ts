import { type Static, Type } from '@sinclair/typebox'
import { encodePath } from '../http/percent-encoding.js'
import { EXAMPLE_OBJECT_KEY } from './examples.js'

/** What the notifications of all object stores have in common. */
export const BucketNotificationSchema = Type.Object({
  EventName: Type.Optional(Type.String({ description: 'The kind of event; sent by MinIO.' })),
  Key: Type.Optional(Type.String({ description: 'Bucket and object key, separated by a slash; sent by MinIO.' })),
  Records: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }), {
    description: 'The events, in any order. A test message has none.',
  })),
  Event: Type.Optional(Type.String({
    description: '`s3:TestEvent` in the message that tests a configuration; sent by Amazon ' +
    'S3 and versitygw.',
  })),
}, {
  $id: 'BucketNotification',
  additionalProperties: true,
  description: 'A notification as the object store sends it, or a message of another known form. Anything else is refused.',
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

/** What Amazon SNS sends to an address. */
export const SnsMessageSchema = Type.Object({
  Type: Type.Union([
    Type.Literal('Notification'), Type.Literal('SubscriptionConfirmation'), Type.Literal('UnsubscribeConfirmation'),
  ], { description: 'What the message is for.' }),
  MessageId: Type.String({ description: 'The message\'s own identifier.' }),
  TopicArn: Type.String({ description: 'One of EVENTS_SNS_TOPIC_ARN.' }),
  Message: Type.String({ description: 'What was published: a notification of any known form, as text.' }),
  Subject: Type.Optional(Type.String({ description: '`Amazon S3 Notification` if S3 published it.' })),
  Timestamp: Type.String({ description: 'When it was published. Messages may come late, or more than once.' }),
  Token: Type.Optional(Type.String({ description: 'Confirms the subscription. Not in a `Notification`.' })),
  SubscribeURL: Type.Optional(Type.String({ description: 'Fetched to confirm the subscription. Not in a `Notification`.' })),
  SignatureVersion: Type.Union([Type.Literal('1'), Type.Literal('2')], { description: '1 is SHA-1, 2 is SHA-256.' }),
  Signature: Type.String({ description: 'The signature of all of the above, in base64.' }),
  SigningCertURL: Type.String({ description: 'Where SNS in the topic\'s region keeps its certificate.' }),
}, {
  $id: 'SnsMessage',
  additionalProperties: true,
  description: 'A message as Amazon SNS sends it to an address, without raw delivery.',
  examples: [{
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: 'arn:aws:sns:us-west-2:123456789012:objects',
    Subject: 'Amazon S3 Notification',
    Message: '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-31T12:00:00.000Z","Bucket":"objects"}',
    Timestamp: '2026-01-31T12:00:00.655Z',
    SignatureVersion: '2',
    Signature: 'c2lnbmF0dXJl',
    SigningCertURL: 'https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem',
  }],
})

/** What Google Pub/Sub pushes to an address. */
export const PubSubPushSchema = Type.Object({
  message: Type.Object({
    attributes: Type.Optional(Type.Object({}, {
      additionalProperties: true, description: 'What happened to which object: `eventType`, `bucketId`, `objectId`, `eventTime`.',
    })),
    data: Type.Optional(Type.String({
      description: 'The object as JSON, in base64, if notifications are configured to ' +
      'include it.',
    })),
  }, { additionalProperties: true, description: 'The message.' }),
  subscription: Type.Optional(Type.String({ description: 'Who pushes it; not read.' })),
}, {
  $id: 'PubSubPush',
  additionalProperties: true,
  description: 'A notification of Cloud Storage as Google Pub/Sub pushes it, wrapped in a message.',
  examples: [{
    message: {
      attributes: {
        eventType: 'OBJECT_DELETE', bucketId: 'objects', objectId: EXAMPLE_OBJECT_KEY, eventTime: '2026-01-31T12:00:00.000Z',
      },
      messageId: '2070443601311540',
      publishTime: '2026-01-31T12:00:00.655Z',
    },
    subscription: 'projects/my-project/subscriptions/objects',
  }],
})

export const BucketEventsSchema = Type.Object({
  applied: Type.Integer({ minimum: 0, description: 'Changes that usage now includes, among them those that it already did.' }),
  setAside: Type.Integer({ minimum: 0, description: 'Records without a usable key: the first 100 are kept for inspection.' }),
  ignored: Type.Integer({ minimum: 0, description: 'Records of other buckets, other kinds of event and other keys.' }),
}, {
  $id: 'BucketEvents',
  description: 'What was done with the records; everything is committed.',
  examples: [{ applied: 1, setAside: 0, ignored: 0 }],
})
export type BucketEvents = Static<typeof BucketEventsSchema>
