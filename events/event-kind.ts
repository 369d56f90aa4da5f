// S3's kinds of event, without `s3:`, grouped by their meaning (Amazon S3 User Guide, "Supported event types for SQS, SNS, and
// Lambda"; MinIO, internal/event/name.go; Ceph, rgw_notify_event_type.cc). MinIO files changes of metadata under ObjectCreated.
const creations = new Set(['Put', 'Post', 'Copy', 'CompleteMultipartUpload'].map((kind) => `ObjectCreated:${kind}`))
const deletions = new Set(['ObjectRemoved:Delete', 'LifecycleExpiration:Delete'])
const markerCreations = new Set(['ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:DeleteMarkerCreated'])
const withoutEffect = new Set([
  'ObjectCreated:PutTagging', 'ObjectCreated:DeleteTagging', 'ObjectCreated:PutRetention', 'ObjectCreated:PutLegalHold',
  'ObjectCreated:PutEncryption', 'ObjectRemoved:NoOP', 'ObjectLifecycle:Expiration:Noncurrent',
  'ObjectLifecycle:Expiration:NonCurrent', 'ObjectLifecycle:Expiration:AbortMPU', 'ObjectLifecycle:Expiration:AbortMultipartUpload',
])
// Any other kind in these families, now or in future, may have changed the key, and so may a replica sent by another zone.
const families = /^(ObjectCreated|ObjectRemoved|LifecycleExpiration|ObjectLifecycle:Expiration|ObjectSynced)(:|$)|^Replication:(Create|Delet)/

/**
 * What events of a kind say about their key; `unclear` if it may have changed in any way, `none` if its bytes stayed the same.
 */
export type KindEffect = 'created' | 'deleted' | 'marker_created' | 'unclear' | 'none'

/** Whether an event says that its file was copied from another one, as opposed to uploaded. */
export function isCopyKind (eventName: unknown): boolean {
  return eventName === 's3:ObjectCreated:Copy' || eventName === 'ObjectCreated:Copy'
}

/** @param eventName as the store sent it, with or without `s3:`; a value that is not text may mean any kind */
export function effectOfKind (eventName: unknown): KindEffect {
  if (typeof eventName !== 'string') return 'unclear'
  const kind = eventName.replace(/^s3:/, '')
  if (creations.has(kind)) return 'created'
  if (deletions.has(kind)) return 'deleted'
  if (markerCreations.has(kind)) return 'marker_created'
  return !withoutEffect.has(kind) && families.test(kind) ? 'unclear' : 'none'
}
