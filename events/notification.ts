import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { type ObjectKeyParts, parseObjectKey } from '../objects/object-key.js'

/** What an event says its key became. */
export type ObjectChange =
  | { kind: 'created', sizeBytes: number, /** Without quotes. */ entityTag: string | undefined }
  | { kind: 'removed' }
  /** Something happened, but what the key is now is only known to the bucket. */
  | { kind: 'unclear' }

/** A change of one key of the bucket, as its store reported it. */
export interface BucketEvent {
  objectKey: string
  parts: ObjectKeyParts
  change: ObjectChange
  /** The vendor's name for itself, such as `aws:s3`. Sequencers and version identifiers compare only within one. */
  eventSource: string
  /** By the clock of whichever of the store's nodes made the change. */
  eventTime: Date
  sequencer: string | undefined
  versionId: string | undefined
}

/** Why a record could not be understood: stable across releases. */
export type RejectionReason =
  | 'body_malformed' | 'record_malformed' | 'key_malformed' | 'size_malformed' | 'time_malformed'

/** A bucket notification, taken apart. */
export interface BucketNotification {
  events: Array<{ event: BucketEvent, record: unknown }>
  rejected: Array<{ reason: RejectionReason, record: unknown }>
  /** Records that concern no file's bytes: other buckets, other kinds of event. */
  ignoredCount: number
  /** Records of keys that are none of this service's: not counted, by design. */
  foreignCount: number
}

/** Reads the body of a bucket notification, parsed from JSON but otherwise unknown. */
export type ReadBucketNotification = (body: unknown) => BucketNotification

// Visible ASCII: these go into columns and comparisons, and no vendor sends anything else.
const token = (maxLength: number) => Type.String({ maxLength, pattern: '^[\\x21-\\x7e]*$' })
const optional = (maxLength: number) => Type.Optional(Type.Union([token(maxLength), Type.Null()]))

const EnvelopeSchema = Type.Object({
  eventName: token(128),
  s3: Type.Object({ bucket: Type.Object({ name: Type.String() }) }),
})
const RecordSchema = Type.Object({
  eventSource: Type.String({ pattern: '^[\\x21-\\x7e]{1,64}$' }),
  eventTime: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z$' }),
  s3: Type.Object({
    object: Type.Object({
      key: Type.String({ minLength: 1 }),
      size: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
      eTag: optional(256),
      sequencer: optional(64),
      versionId: optional(1024),
    }),
  }),
})
type Record = Static<typeof RecordSchema>

// S3's kinds of event, without `s3:`, by what they say (Amazon S3 User Guide, "Supported event types for SQS, SNS, and
// Lambda"; MinIO, internal/event/name.go; Ceph, rgw_notify_event_type.cc). MinIO files changes of metadata under ObjectCreated.
const creations = new Set(['Put', 'Post', 'Copy', 'CompleteMultipartUpload'].map((kind) => `ObjectCreated:${kind}`))
const deletions = new Set(['ObjectRemoved:Delete', 'LifecycleExpiration:Delete'])
const markerCreations = new Set(['ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:DeleteMarkerCreated'])
const withoutEffect = new Set([
  'ObjectCreated:PutTagging', 'ObjectCreated:DeleteTagging', 'ObjectCreated:PutRetention', 'ObjectCreated:PutLegalHold',
  'ObjectCreated:PutEncryption', 'ObjectRemoved:NoOP', 'ObjectLifecycle:Expiration:Noncurrent',
  'ObjectLifecycle:Expiration:NonCurrent', 'ObjectLifecycle:Expiration:AbortMPU', 'ObjectLifecycle:Expiration:AbortMultipartUpload',
])
// Whatever else these families hold, now or later, may have changed the key; so does a replica that another zone sent.
const families = /^(ObjectCreated|ObjectRemoved|LifecycleExpiration|ObjectLifecycle:Expiration|ObjectSynced)(:|$)|^Replication:(Create|Delet)/
// Some stores said 0 of copies and multipart uploads (Ceph before 16.2.5, tracker 51305; RustFS issue 1609). A file that
// is empty indeed has this tag, the MD5 of nothing.
const EMPTY_ENTITY_TAG = 'd41d8cd98f00b204e9800998ecf8427e'
// An earlier time is that of a sender that has none, such as Go's year 1.
const S3_BEGAN_MS = Date.UTC(2006, 2, 14)

/**
 * Makes the reader of bucket notifications for one bucket. It takes what MinIO, Amazon S3 and Ceph RGW send, and what
 * follows Amazon's "Event message structure" otherwise. One record that makes no sense does not touch the others.
 */
export function createNotificationReader (bucket: string): ReadBucketNotification {
  const envelope = TypeCompiler.Compile(EnvelopeSchema)
  const record = TypeCompiler.Compile(RecordSchema)

  const readRecord = (candidate: unknown): BucketEvent | RejectionReason | 'ignored' | 'foreign' => {
    if (!envelope.Check(candidate)) return 'record_malformed'
    const kind = candidate.eventName.replace(/^s3:/, '')
    if (candidate.s3.bucket.name !== bucket || withoutEffect.has(kind) || !families.test(kind)) return 'ignored'
    if (!record.Check(candidate)) return reasonByPath(record.Errors(candidate).First()?.path)
    const objectKey = decodeKey(candidate)
    if (objectKey === undefined) return 'key_malformed'
    const parts = parseObjectKey(objectKey)
    if (parts === undefined) return 'foreign'
    const eventTime = new Date(candidate.eventTime)
    if (!(eventTime.getTime() >= S3_BEGAN_MS)) return 'time_malformed'
    const { sequencer, versionId } = candidate.s3.object
    return {
      objectKey,
      parts,
      change: readChange(kind, candidate),
      eventSource: candidate.eventSource,
      eventTime,
      sequencer: sequencer || undefined,
      versionId: versionId || undefined,
    }
  }

  return (body) => {
    const notification: BucketNotification = { events: [], rejected: [], ignoredCount: 0, foreignCount: 0 }
    const records = recordsOf(body)
    if (records === undefined) notification.rejected.push({ reason: 'body_malformed', record: body })
    for (const candidate of records ?? []) {
      const outcome = readRecord(candidate)
      if (outcome === 'ignored') notification.ignoredCount++
      else if (outcome === 'foreign') notification.foreignCount++
      else if (typeof outcome === 'string') notification.rejected.push({ reason: outcome, record: candidate })
      else notification.events.push({ event: outcome, record: candidate })
    }
    return notification
  }
}

/** Amazon S3 tries a new configuration out with a message that has no records. */
function recordsOf (body: unknown): unknown[] | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  if ('Records' in body && Array.isArray(body.Records)) return body.Records
  return 'Event' in body && body.Event === 's3:TestEvent' ? [] : undefined
}

function reasonByPath (path = ''): RejectionReason {
  if (path === '/s3/object/key') return 'key_malformed'
  if (path === '/s3/object/size') return 'size_malformed'
  return path === '/eventTime' ? 'time_malformed' : 'record_malformed'
}

/** Ceph RGW sends keys as they are; everyone else URL-encodes them as a form does, a space as `+`. */
function decodeKey ({ eventSource, s3: { object: { key } } }: Record): string | undefined {
  if (eventSource === 'ceph:s3') return key
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function readChange (kind: string, { s3: { object } }: Record): ObjectChange {
  if (markerCreations.has(kind)) return { kind: 'removed' }
  // With a version's identifier, one version was deleted for good; which one is current now, the event does not say.
  if (deletions.has(kind)) return object.versionId ? { kind: 'unclear' } : { kind: 'removed' }
  const entityTag = object.eTag?.replaceAll('"', '') || undefined
  const isSizeCredible = object.size !== undefined && (object.size > 0 || entityTag === EMPTY_ENTITY_TAG)
  if (!creations.has(kind) || object.size === undefined || !isSizeCredible) return { kind: 'unclear' }
  return { kind: 'created', sizeBytes: object.size, entityTag }
}
