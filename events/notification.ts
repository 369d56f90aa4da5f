import { type ObjectKeyParts, parseObjectKey } from '../objects/object-key.js'
import { type KindEffect, effectOfKind, isCopyKind } from './event-kind.js'
import { readEventTime } from './event-time.js'
import { findRecords } from './forms/found-records.js'
import type { Fields, ReportedChange } from './forms/form.js'

/** What an event says its key became. */
export type ObjectChange =
  | { kind: 'created', sizeBytes: number, /** Without quotes. */ entityTag: string | undefined }
  | { kind: 'removed' }
  /** Something happened, but only the bucket knows the key's current state. */
  | { kind: 'unclear' }

/** A change of one key of the bucket, as its store reported it. */
export interface BucketEvent {
  objectKey: string
  parts: ObjectKeyParts
  change: ObjectChange
  /** The vendor's name for itself, such as `aws:s3`. Sequencers and version identifiers compare only within one vendor. */
  eventSource: string
  /** By the clock of the store's node that made the change; undefined if the store sent no readable time. */
  eventTime: Date | undefined
  sequencer: string | undefined
  versionId: string | undefined
}

/** Why a record could not be understood: stable across releases. */
type RejectionReason = 'record_malformed' | 'key_malformed'

/** A parsed bucket notification. */
export interface BucketNotification {
  /** A record that may mean either of two keys gives an event for each; both leave the rest to the bucket. */
  events: Array<{ event: BucketEvent, record: unknown, isCopy?: boolean }>
  rejected: Array<{ reason: RejectionReason, record: unknown }>
  /** Records that do not concern a file's bytes: other buckets, other kinds of event. */
  ignoredCount: number
  /** Records of foreign keys, which are not counted by design. */
  foreignCount: number
}

/** Reads a bucket notification's body, which is parsed JSON of any shape; undefined if its form is unknown. */
export type ReadBucketNotification = (body: unknown) => BucketNotification | undefined

/** What is known about the store independently of its notifications. */
export interface NotifyingStore {
  bucket: string
  /** Needed because others also call themselves `aws:s3`. */
  isAmazonS3: boolean
  /** The prefix of all this service's keys in the bucket, which events include. By default empty. */
  keyPrefix?: string
}

/** The body has none of the forms in which stores report changes: the sender is told so, and should keep it. */
export class UnknownNotificationError extends Error {
  override name = 'UnknownNotificationError'
}

// Visible ASCII: these values go into columns and comparisons, and no vendor sends anything else.
const token = /^[\x21-\x7e]+$/
const SOURCE_MAX_LENGTH = 64
const TAG_MAX_LENGTH = 256
const SEQUENCER_MAX_LENGTH = 64
const VERSION_MAX_LENGTH = 1024
const UNNAMED_SOURCE = 'unknown'
/** Vendors that encode keys like HTML forms. Amazon S3 does so too, but not everyone who uses its name. */
const formEncoders = new Set(['minio:s3', 'rustfs:s3', 'objects-storage:embedded'])
const CEPH_SOURCE = 'ceph:s3'
const AMAZON_SOURCE = 'aws:s3'
// Some stores reported 0 for copies and multipart uploads (Ceph before 16.2.5, tracker 51305; RustFS issue 1609). A file that
// really is empty has this tag, the MD5 of nothing.
const EMPTY_ENTITY_TAG = 'd41d8cd98f00b204e9800998ecf8427e'
/** What decoding substitutes for bytes that are not UTF-8. */
const REPLACEMENT_CHARACTER = '\ufffd'

/**
 * Creates the reader of bucket notifications for one bucket, in any of the forms of forms/. A record that makes no sense does
 * not affect the others, and a record with nothing usable but its key becomes an event that leaves the rest to the bucket.
 */
export function createNotificationReader (store: NotifyingStore): ReadBucketNotification {
  const { keyPrefix = '' } = store
  /** The key without the service's prefix, and its parts; undefined if the key is not the service's. */
  const readOwn = (key: string) => {
    const objectKey = key.slice(keyPrefix.length)
    const parts = key.startsWith(keyPrefix) ? parseObjectKey(objectKey) : undefined
    return parts === undefined ? [] : [{ objectKey, parts }]
  }

  const readRecord = (reported: ReportedChange): BucketEvent[] | RejectionReason | 'ignored' | 'foreign' => {
    const { bucket = store.bucket, eventName, eventSource, eventTime, object: fields, isKeyPlain } = reported
    const effect = effectOfKind(eventName)
    if (bucket !== store.bucket || effect === 'none') return 'ignored'
    const source = readToken(eventSource, SOURCE_MAX_LENGTH) ?? UNNAMED_SOURCE
    if (typeof fields.key !== 'string' || fields.key === '') return 'key_malformed'
    const keys = isKeyPlain ? [fields.key] : readKeys(fields.key, source, store.isAmazonS3, (key) => readOwn(key).length > 0)
    if (keys.length === 0) return 'key_malformed'
    const ours = keys.flatMap(readOwn)
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
    const found = findRecords(body)
    if (found === undefined) return undefined
    const notification: BucketNotification = { events: [], rejected: [], ignoredCount: 0, foreignCount: 0 }
    for (const { record, change } of found) {
      const outcome = change === undefined ? 'record_malformed' : readRecord(change)
      if (outcome === 'ignored') notification.ignoredCount++
      else if (outcome === 'foreign') notification.foreignCount++
      else if (typeof outcome === 'string') notification.rejected.push({ reason: outcome, record })
      else {
        const isCopy = isCopyKind(change?.eventName)
        for (const event of outcome) notification.events.push(isCopy ? { event, record, isCopy } : { event, record })
      }
    }
    return notification
  }
}

/** Undefined if it is not a token, or not one that any store would send. */
function readToken (value: unknown, maxLength: number): string | undefined {
  return typeof value === 'string' && value.length <= maxLength && token.test(value) ? value : undefined
}

/** Whether a field says that there is no value. */
function isAbsent (value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/**
 * The keys that a record may mean; empty if it can mean none. Ceph RGW sends keys as they are, most others form-encoded, with a
 * space as `+`. If it is not known which of these the store does, a key with `+` or `%` may be either: versitygw, for example,
 * calls itself `aws:s3` and encodes nothing.
 */
function readKeys (key: string, eventSource: string, isAmazonS3: boolean, isOwn: (key: string) => boolean): string[] {
  if (eventSource === CEPH_SOURCE) return [key]
  const decoded = decodeForm(key)
  const isFormEncoder = formEncoders.has(eventSource) || (eventSource === AMAZON_SOURCE && isAmazonS3)
  if (isFormEncoder) return decoded === undefined ? [] : [decoded]
  // If encoding changed its slashes, it is encoded.
  if (decoded !== undefined && decoded !== key && !isOwn(key)) return [decoded]
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
  // If the event names a version, that version was deleted for good; the event does not say which one is current now.
  if (effect === 'deleted') return isAbsent(versionId) ? { kind: 'removed' } : { kind: 'unclear' }
  const entityTag = typeof eTag === 'string' ? readToken(eTag.replaceAll('"', ''), TAG_MAX_LENGTH) : undefined
  const isTagRead = entityTag !== undefined || isAbsent(eTag)
  if (effect !== 'created' || !isTagRead || typeof size !== 'number' || !Number.isSafeInteger(size)) return { kind: 'unclear' }
  return size > 0 || (size === 0 && entityTag === EMPTY_ENTITY_TAG) ? { kind: 'created', sizeBytes: size, entityTag } : { kind: 'unclear' }
}
