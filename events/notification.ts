import { type ObjectKeyParts, parseObjectKey } from '../objects/object-key.js'
import { type KindEffect, effectOfKind, isCopyKind } from './event-kind.js'
import { readEventTime } from './event-time.js'

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
  /** By the clock of whichever of the store's nodes made the change; undefined where the store sent none that can be read. */
  eventTime: Date | undefined
  sequencer: string | undefined
  versionId: string | undefined
}

/** Why a record could not be understood: stable across releases. */
type RejectionReason = 'record_malformed' | 'key_malformed'

/** A bucket notification, taken apart. */
export interface BucketNotification {
  /** A record that may mean either of two keys has an event for each, both of which leave the rest to the bucket. */
  events: Array<{ event: BucketEvent, record: unknown, isCopy?: boolean }>
  rejected: Array<{ reason: RejectionReason, record: unknown }>
  /** Records that concern no file's bytes: other buckets, other kinds of event. */
  ignoredCount: number
  /** Records of foreign keys: not counted, by design. */
  foreignCount: number
}

/** Reads the body of a bucket notification, parsed from JSON but otherwise unknown; undefined where it is of no known form. */
export type ReadBucketNotification = (body: unknown) => BucketNotification | undefined

/** What is known of the store whatever its notifications say. */
export interface NotifyingStore {
  bucket: string
  /** Others call themselves `aws:s3`, too. */
  isAmazonS3: boolean
}

/** The body has no form in which stores report changes: its sender is told so, and should keep it. */
export class UnknownNotificationError extends Error {
  override name = 'UnknownNotificationError'
}

type Fields = Record<string, unknown>

// Visible ASCII: these go into columns and comparisons, and no vendor sends anything else.
const token = /^[\x21-\x7e]+$/
const SOURCE_MAX_LENGTH = 64
const TAG_MAX_LENGTH = 256
const SEQUENCER_MAX_LENGTH = 64
const VERSION_MAX_LENGTH = 1024
const UNNAMED_SOURCE = 'unknown'
/** They write keys as HTML forms do. Amazon S3 does so too, but not everyone who takes its name. */
const formEncoders = new Set(['minio:s3', 'rustfs:s3', 'objects-storage:embedded'])
const CEPH_SOURCE = 'ceph:s3'
const AMAZON_SOURCE = 'aws:s3'
// Some stores said 0 of copies and multipart uploads (Ceph before 16.2.5, tracker 51305; RustFS issue 1609). A file that
// is empty indeed has this tag, the MD5 of nothing.
const EMPTY_ENTITY_TAG = 'd41d8cd98f00b204e9800998ecf8427e'
/** What decoding puts in place of bytes that are not UTF-8. */
const REPLACEMENT_CHARACTER = '\ufffd'

/**
 * Makes the reader of bucket notifications for one bucket. It takes what MinIO, Amazon S3, Ceph RGW, RustFS and versitygw
 * send, and what follows Amazon's "Event message structure" otherwise. One record that makes no sense does not touch the
 * others, and a record of which only the key can be used makes an event that leaves the rest to the bucket.
 */
export function createNotificationReader (store: NotifyingStore): ReadBucketNotification {
  const readRecord = (record: unknown): BucketEvent[] | RejectionReason | 'ignored' | 'foreign' => {
    const { eventName, eventSource, eventTime, s3 } = fieldsOf(record)
    if (!isObject(s3)) return 'record_malformed'
    const { name = store.bucket } = fieldsOf(s3.bucket)
    const effect = effectOfKind(eventName)
    if (name !== store.bucket || effect === 'none') return 'ignored'
    const fields = fieldsOf(s3.object)
    const source = readToken(eventSource, SOURCE_MAX_LENGTH) ?? UNNAMED_SOURCE
    if (typeof fields.key !== 'string' || fields.key === '') return 'key_malformed'
    const keys = readKeys(fields.key, source, store.isAmazonS3)
    if (keys.length === 0) return 'key_malformed'
    const ours = keys.flatMap((objectKey) => {
      const parts = parseObjectKey(objectKey)
      return parts === undefined ? [] : [{ objectKey, parts }]
    })
    if (ours.length === 0) return 'foreign'
    const isKeyCertain = keys.length === 1 && !fields.key.includes(REPLACEMENT_CHARACTER)
    return ours.map(({ objectKey, parts }) => ({
      objectKey,
      parts,
      change: isKeyCertain ? readChange(effect, fields) : { kind: 'unclear' },
      eventSource: source,
      eventTime: readEventTime(eventTime),
      sequencer: readToken(fields.sequencer, SEQUENCER_MAX_LENGTH),
      versionId: readToken(fields.versionId, VERSION_MAX_LENGTH),
    }))
  }

  return (body) => {
    const records = recordsOf(body)
    if (records === undefined) return undefined
    const notification: BucketNotification = { events: [], rejected: [], ignoredCount: 0, foreignCount: 0 }
    for (const record of records) {
      const outcome = readRecord(record)
      if (outcome === 'ignored') notification.ignoredCount++
      else if (outcome === 'foreign') notification.foreignCount++
      else if (typeof outcome === 'string') notification.rejected.push({ reason: outcome, record })
      else {
        for (const event of outcome) {
          notification.events.push(isCopy(record) ? { event, record, isCopy: true } : { event, record })
        }
      }
    }
    return notification
  }
}

/** Amazon S3 and versitygw try a new configuration out with a message that has no records. */
function recordsOf (body: unknown): readonly unknown[] | undefined {
  const { Records: records, Event: event } = fieldsOf(body)
  if (Array.isArray(records)) return records
  return records === undefined && event === 's3:TestEvent' ? [] : undefined
}

function isCopy (record: unknown): boolean {
  return isCopyKind(fieldsOf(record).eventName)
}

function fieldsOf (value: unknown): Fields {
  return isObject(value) ? value : {}
}

function isObject (value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined where it is not one, or not one that any store would send. */
function readToken (value: unknown, maxLength: number): string | undefined {
  return typeof value === 'string' && value.length <= maxLength && token.test(value) ? value : undefined
}

/** Whether a field says that there is none. */
function isAbsent (value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/**
 * The keys that a record may mean; none where it can mean none. Ceph RGW sends keys as they are, most others as a form
 * encodes them, a space as `+`. Of a store that is not known to do either, such as versitygw, which calls itself `aws:s3`
 * and encodes nothing, a key with `+` or `%` may be either.
 */
function readKeys (key: string, eventSource: string, isAmazonS3: boolean): string[] {
  if (eventSource === CEPH_SOURCE) return [key]
  const decoded = decodeForm(key)
  const isFormEncoder = formEncoders.has(eventSource) || (eventSource === AMAZON_SOURCE && isAmazonS3)
  if (isFormEncoder) return decoded === undefined ? [] : [decoded]
  // Where encoding changed its slashes, it is encoded.
  if (decoded !== undefined && decoded !== key && parseObjectKey(key) === undefined) return [decoded]
  return decoded === undefined || decoded === key ? [key] : [decoded, key]
}

function decodeForm (key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function readChange (effect: KindEffect, { size, eTag, versionId }: Fields): ObjectChange {
  if (effect === 'marker_created') return { kind: 'removed' }
  // With a version's identifier, one version was deleted for good; which one is current now, the event does not say.
  if (effect === 'deleted') return isAbsent(versionId) ? { kind: 'removed' } : { kind: 'unclear' }
  const entityTag = typeof eTag === 'string' ? readToken(eTag.replaceAll('"', ''), TAG_MAX_LENGTH) : undefined
  const isTagRead = entityTag !== undefined || isAbsent(eTag)
  if (effect !== 'created' || !isTagRead || typeof size !== 'number' || !Number.isSafeInteger(size)) return { kind: 'unclear' }
  return size > 0 || (size === 0 && entityTag === EMPTY_ENTITY_TAG) ? { kind: 'created', sizeBytes: size, entityTag } : { kind: 'unclear' }
}
