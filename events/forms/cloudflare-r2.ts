import { type Form, fieldsOf } from './form.js'

const kinds = new Map([
  ['PutObject', 'ObjectCreated:Put'],
  ['CopyObject', 'ObjectCreated:Copy'],
  ['CompleteMultipartUpload', 'ObjectCreated:CompleteMultipartUpload'],
  ['DeleteObject', 'ObjectRemoved:Delete'],
  ['LifecycleDeletion', 'LifecycleExpiration:Delete'],
])

/** A message of Cloudflare R2 in a queue (R2 documentation, "Event notifications", "Message format"): keys are not encoded. */
export const cloudflareR2: Form = ({ account, action, bucket, object, eventTime }) => {
  if (typeof account !== 'string' || typeof action !== 'string') return undefined
  const { key, size, eTag } = fieldsOf(object)
  return {
    change: {
      bucket,
      eventName: kinds.get(action) ?? 'ObjectCreated:Unknown',
      eventSource: 'cloudflare:r2',
      eventTime,
      object: { key, size, eTag },
      isKeyPlain: true,
    },
  }
}
