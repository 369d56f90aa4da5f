import { type Form, fieldsOf, isFields } from './form.js'

/**
 * A record of Amazon S3's own form, which MinIO, RustFS, Ceph RGW and versitygw send, too (Amazon S3 User Guide, "Event message
 * structure").
 */
export const s3Record: Form = ({ eventName, eventSource, eventTime, s3 }) => {
  if (!isFields(s3)) return undefined
  const { name: bucket } = fieldsOf(s3.bucket)
  return { change: { bucket, eventName, eventSource, eventTime, object: fieldsOf(s3.object), isKeyPlain: false } }
}

/** A list of records, in which every store sends its own. */
export const records: Form = ({ Records: wrapped }) => Array.isArray(wrapped) ? { wrapped } : undefined

/** Amazon S3 and versitygw test a new configuration with a message that has no records. */
export const testMessage: Form = ({ Records: list, Event: event }) =>
  list === undefined && event === 's3:TestEvent' ? { wrapped: [] } : undefined
