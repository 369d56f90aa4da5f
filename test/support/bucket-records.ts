/** A record of a bucket notification in the format common to stores of no known kind. */
export function bucketRecord (
  objectKey: string,
  { bucket, eventName = 's3:ObjectCreated:Put', sizeBytes = 5, entityTag = 'abc', at = new Date() }:
  { bucket: string, eventName?: string, sizeBytes?: number, entityTag?: string, at?: Date },
) {
  return {
    eventSource: 'ceph:s3',
    eventTime: at.toISOString(),
    eventName,
    s3: { bucket: { name: bucket }, object: { key: objectKey, size: sizeBytes, eTag: entityTag } },
  }
}
