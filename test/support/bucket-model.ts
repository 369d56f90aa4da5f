import type { Observation } from '../../events/order.js'

/** The stores whose record formats are known. */
export type Vendor = 'aws' | 'minio' | 'ceph' | 'versitygw' | 'embedded'

/** What happens to one key of the bucket. */
export type Operation =
  | { kind: 'put', sizeBytes: number, by: 'Put' | 'Post' | 'Copy' | 'CompleteMultipartUpload' }
  /** Without a version's identifier: creates a delete marker in a versioned bucket. */
  | { kind: 'delete', by: 'request' | 'lifecycle' }
  /** Permanently deletes one of the key's versions or delete markers; `index` selects it, modulo their number. */
  | { kind: 'delete version', index: number }

/** When an operation happens, and the error of the clock of the node that performs it. */
export interface Timing {
  /** Since the previous operation. */
  afterMs: number
  nodeClockErrorMs: number
}

interface Version {
  versionId: string
  /** Undefined for a delete marker. */
  file: { sizeBytes: number, entityTag: string } | undefined
}

const EMPTY_ENTITY_TAG = 'd41d8cd98f00b204e9800998ecf8427e'

/**
 * An in-memory bucket that knows the truth: it performs operations on keys, reports each of them in its vendor's record format,
 * and says what a key is when asked. It has its own time.
 */
export class BucketModel {
  readonly name = 'objects'
  readonly vendor: Vendor
  readonly #versioned: boolean
  /** For each key, oldest first; the last one is current. */
  readonly #versions = new Map<string, Version[]>()
  #timeMs: number
  #operationCount = 0

  constructor (vendor: Vendor, options: { versioned: boolean, startedAt: Date }) {
    this.vendor = vendor
    this.#versioned = options.versioned
    this.#timeMs = options.startedAt.getTime()
  }

  /** @returns the body of the notification; undefined if the operation did nothing */
  perform (objectKey: string, operation: Operation, timing: Timing): unknown {
    const effect = this.#change(objectKey, operation)
    if (effect === undefined) return undefined
    this.#timeMs += timing.afterMs
    return this.#notification(objectKey, { ...effect, time: new Date(this.#timeMs + timing.nodeClockErrorMs) })
  }

  /** The current size of the key's file; undefined if there is none. */
  sizeOf (objectKey: string): number | undefined {
    return this.#versions.get(objectKey)?.at(-1)?.file?.sizeBytes
  }

  /** What HEAD says, with the clock of a node that is off by the given time. */
  observe (objectKey: string, nodeClockErrorMs = 0): Observation {
    const file = this.#versions.get(objectKey)?.at(-1)?.file
    // The Date header has whole seconds.
    const observedAt = new Date(Math.floor((this.#timeMs + nodeClockErrorMs) / 1000) * 1000)
    return { observedAt, change: file === undefined ? { kind: 'removed' } : { kind: 'created', ...file } }
  }

  #change (objectKey: string, operation: Operation) {
    const versions = this.#versions.get(objectKey) ?? []
    this.#versions.set(objectKey, versions)
    const number = ++this.#operationCount
    const versionId = this.#versioned ? `v${number}` : ''
    switch (operation.kind) {
      case 'put': {
        const entityTag = operation.sizeBytes === 0 ? EMPTY_ENTITY_TAG : number.toString(16).padStart(32, '0')
        const file = { sizeBytes: operation.sizeBytes, entityTag }
        if (!this.#versioned) versions.length = 0
        versions.push({ versionId, file })
        return { eventName: `ObjectCreated:${operation.by}`, versionId, file, number }
      }
      case 'delete': {
        if (!this.#versioned) versions.length = 0
        else versions.push({ versionId, file: undefined })
        const family = operation.by === 'lifecycle' ? 'LifecycleExpiration' : 'ObjectRemoved'
        return { eventName: `${family}:${this.#versioned ? 'DeleteMarkerCreated' : 'Delete'}`, versionId, file: undefined, number }
      }
      case 'delete version': {
        const [deleted] = this.#versioned ? versions.splice(operation.index % (versions.length || 1), 1) : []
        return deleted && { eventName: 'ObjectRemoved:Delete', versionId: deleted.versionId, file: undefined, number }
      }
    }
  }

  #notification (objectKey: string, effect: {
    eventName: string, versionId: string, file: Version['file'], time: Date, number: number,
  }): unknown {
    const { eventName, versionId, file, time, number } = effect
    const formEncodedKey = encodeURIComponent(objectKey).replaceAll('%20', '+')
    const nanoseconds = (BigInt(time.getTime()) * 1_000_000n + BigInt(number)).toString(16).toUpperCase()
    const created = file === undefined ? {} : { size: file.sizeBytes, eTag: file.entityTag }
    const record = (vendor: { eventSource: string, eventTime: string, eventName: string }, object: object) => ({
      eventVersion: '2.1', awsRegion: 'us-east-1', ...vendor, s3: { s3SchemaVersion: '1.0', bucket: { name: this.name }, object },
    })
    switch (this.vendor) {
      case 'aws': return {
        Records: [record({ eventSource: 'aws:s3', eventTime: time.toISOString(), eventName }, {
          key: formEncodedKey.replaceAll('%2F', '/'),
          ...created,
          ...versionId === '' ? {} : { versionId },
          // Of different lengths, since they have to be padded on the right.
          sequencer: `0061ABCD${number.toString(16).toUpperCase().padStart(8, '0')}${'5'.repeat(number % 3)}`,
        })],
      }
      case 'minio': return {
        EventName: `s3:${eventName}`,
        Key: `${this.name}/${objectKey}`,
        Records: [record({ eventSource: 'minio:s3', eventTime: time.toISOString(), eventName: `s3:${eventName}` }, {
          key: formEncodedKey, ...created, ...versionId === '' ? {} : { versionId }, sequencer: nanoseconds,
        })],
      }
      case 'ceph': return {
        Records: [record({ eventSource: 'ceph:s3', eventTime: time.toISOString().replace('Z', '000Z'), eventName }, {
          key: objectKey,
          size: file?.sizeBytes ?? 0,
          eTag: file?.entityTag ?? '',
          versionId,
          sequencer: littleEndian(time),
        })],
      }
      // It uses Amazon's name, encodes no keys, writes whole seconds of its local time, and counts from 1 at each start: here,
      // after every 17 changes.
      case 'versitygw': return {
        Records: [record({ eventSource: 'aws:s3', eventTime: localTime(time), eventName: `s3:${eventName}` }, {
          key: objectKey,
          size: file?.sizeBytes ?? 0,
          eTag: file?.entityTag ?? null,
          versionId: versionId || null,
          sequencer: (number % 17 + 1).toString(16).toUpperCase(),
        })],
      }
      case 'embedded': return {
        Records: [record({ eventSource: 'objects-storage:embedded', eventTime: time.toISOString(), eventName }, {
          key: formEncodedKey.replaceAll('%2F', '/'), ...created, ...versionId === '' ? {} : { versionId }, sequencer: nanoseconds,
        })],
      }
    }
  }
}

/** As Ceph prints a time on a little-endian machine: seconds, then nanoseconds, each from its lowest byte. */
function littleEndian (time: Date): string {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(Math.floor(time.getTime() / 1000), 0)
  bytes.writeUInt32LE(time.getTime() % 1000 * 1_000_000, 4)
  return bytes.toString('hex').toUpperCase()
}

/** In a time zone that is three and a half hours ahead. */
function localTime (time: Date): string {
  return new Date(time.getTime() + 3.5 * 3_600_000).toISOString().replace(/\.\d+Z$/, '+03:30')
}
