import { type Fields, type Form, fieldsOf, parseText } from './form.js'

const kinds = new Map([
  ['OBJECT_FINALIZE', 'ObjectCreated:Put'],
  // The event does not say which generation was deleted, the live one or an older one.
  ['OBJECT_DELETE', 'ObjectRemoved:Unknown'],
  ['OBJECT_ARCHIVE', 'ObjectRemoved:Unknown'],
])
const MD5_BYTES = 16

/**
 * A change in Google Cloud Storage as Pub/Sub pushes it: its attributes, and the object as JSON if the notification is
 * configured to contain it (Cloud Storage documentation, "Pub/Sub notifications for Cloud Storage").
 */
export const googlePubSub: Form = ({ message }) => {
  const { attributes, data } = fieldsOf(message)
  const { eventType, bucketId, objectId, eventTime } = fieldsOf(attributes)
  if (typeof eventType !== 'string' || typeof objectId !== 'string') return undefined
  const object = typeof data === 'string' ? fieldsOf(parseText(Buffer.from(data, 'base64').toString())) : {}
  return {
    change: {
      bucket: bucketId,
      eventName: kinds.get(eventType) ?? `Google:${eventType}`,
      eventSource: 'google:storage',
      eventTime,
      object: { key: objectId, size: sizeOf(object), eTag: entityTagOf(object) },
      isKeyPlain: true,
    },
  }
}

/** 64-bit integers are text in Google's JSON. */
function sizeOf ({ size }: Fields): unknown {
  return typeof size === 'string' && /^\d{1,16}$/.test(size) ? Number(size) : undefined
}

/** In S3's API, the entity tag of a file that was put whole is its MD5. */
function entityTagOf ({ md5Hash }: Fields): string | undefined {
  const md5 = typeof md5Hash === 'string' ? Buffer.from(md5Hash, 'base64') : undefined
  return md5?.length === MD5_BYTES ? md5.toString('hex') : undefined
}
