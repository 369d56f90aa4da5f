import { encodePath } from '../../http/percent-encoding.js'

/** The changes that the store reports, named as S3 names them in a record. */
export type BucketEventName = 'ObjectCreated:Put' | 'ObjectCreated:CompleteMultipartUpload' | 'ObjectRemoved:Delete'

/**
 * One record of a bucket notification (Amazon S3 User Guide, "Event message structure"), with the fields that the store fills
 * in.
 */
export interface BucketNotificationRecord {
  eventVersion: '2.1'
  eventSource: 'objects-storage:embedded'
  awsRegion: string
  /** ISO 8601 with milliseconds, UTC. */
  eventTime: string
  eventName: BucketEventName
  s3: {
    s3SchemaVersion: '1.0'
    bucket: { name: string }
    object: {
      /** URL-encoded, a space as `+`. */
      key: string
      /** In bytes; only of a created object. */
      size?: number
      /** Without quotes; only of a created object. */
      eTag?: string
      /** 16 hexadecimal digits in upper case; greater in a later record. */
      sequencer: string
    }
  }
}

/** Creates a bucket's records, in the order in which the changes took effect. */
export class BucketNotifications {
  readonly #region: string
  readonly #bucket: string
  #lastSequencer = 0n

  constructor (region: string, bucket: string) {
    this.#region = region
    this.#bucket = bucket
  }

  /** @param created undefined if the object was removed */
  record (
    eventName: BucketEventName, objectKey: string, time: Date, created?: { sizeBytes: number, etag: string },
  ): BucketNotificationRecord {
    return {
      eventVersion: '2.1',
      eventSource: 'objects-storage:embedded',
      awsRegion: this.#region,
      eventTime: time.toISOString(),
      eventName,
      s3: {
        s3SchemaVersion: '1.0',
        bucket: { name: this.#bucket },
        object: {
          key: encodePath(objectKey).replaceAll('%20', '+'),
          ...created === undefined ? {} : { size: created.sizeBytes, eTag: created.etag },
          sequencer: this.#nextSequencer(time),
        },
      },
    }
  }

  // Nanoseconds of the wall clock, so that it rises across restarts; incremented if the clock stands still or goes back.
  #nextSequencer (time: Date): string {
    const wallClock = BigInt(time.getTime()) * 1_000_000n
    this.#lastSequencer = wallClock > this.#lastSequencer ? wallClock : this.#lastSequencer + 1n
    return this.#lastSequencer.toString(16).toUpperCase().padStart(16, '0')
  }
}
