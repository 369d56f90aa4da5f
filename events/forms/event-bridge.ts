import { type Form, fieldsOf } from './form.js'

const creations = new Map<unknown, string>([
  ['PutObject', 'Put'], ['POST Object', 'Post'], ['CopyObject', 'Copy'], ['CompleteMultipartUpload', 'CompleteMultipartUpload'],
])
const removals = new Map<unknown, string>([['Permanently Deleted', 'Delete'], ['Delete Marker Created', 'DeleteMarkerCreated']])

/**
 * An event of Amazon S3 as EventBridge delivers it: keys are not encoded, and the time has whole seconds (Amazon S3 User Guide,
 * "EventBridge event message structure").
 */
export const eventBridge: Form = ({ source, 'detail-type': type, time, detail }) => {
  if (source !== 'aws.s3' || typeof type !== 'string') return undefined
  const { bucket, object, reason, 'deletion-type': deletion } = fieldsOf(detail)
  const { key, size, etag, 'version-id': versionId, sequencer } = fieldsOf(object)
  return {
    change: {
      bucket: fieldsOf(bucket).name,
      eventName: kindOf(type, reason, deletion),
      eventSource: 'aws:s3',
      eventTime: time,
      object: { key, size, eTag: etag, versionId, sequencer },
      isKeyPlain: true,
    },
  }
}

/** An unknown reason becomes an unknown kind of S3's, which leaves the rest to the bucket. */
function kindOf (type: string, reason: unknown, deletion: unknown): string {
  switch (type) {
    case 'Object Created': return `ObjectCreated:${creations.get(reason) ?? 'Unknown'}`
    case 'Object Deleted': return `ObjectRemoved:${removals.get(deletion) ?? 'Unknown'}`
    default: return `EventBridge:${type}`
  }
}
