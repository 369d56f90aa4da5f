import t from 'tap'
import { type KindEffect, effectOfKind, isCopyKind } from '../../../events/event-kind.js'

/** Every kind that Amazon S3, MinIO, Ceph RGW and RustFS document, by what it says about its key. */
const kinds: Record<KindEffect, string[]> = {
  created: ['ObjectCreated:Put', 'ObjectCreated:Post', 'ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload'],
  deleted: ['ObjectRemoved:Delete', 'LifecycleExpiration:Delete'],
  marker_created: ['ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:DeleteMarkerCreated'],
  unclear: [
    'ObjectCreated', 'ObjectRemoved', 'LifecycleExpiration', 'ObjectCreated:*', 'ObjectCreated:ThatComesLater', 'ObjectRemoved:DeleteAllVersions',
    'LifecycleExpiration:ThatComesLater', 'ObjectLifecycle:Expiration', 'ObjectLifecycle:Expiration:Current', 'ObjectLifecycle:Expiration:DeleteMarker',
    'ObjectSynced', 'ObjectSynced:Create', 'ObjectSynced:Delete', 'Replication:Create', 'Replication:Delete', 'Replication:DeletionMarkerCreated',
  ],
  none: [
    'ObjectCreated:PutTagging', 'ObjectCreated:DeleteTagging', 'ObjectCreated:PutRetention', 'ObjectCreated:PutLegalHold',
    'ObjectCreated:PutEncryption', 'ObjectRemoved:NoOP', 'ObjectLifecycle:Expiration:Noncurrent', 'ObjectLifecycle:Expiration:NonCurrent',
    'ObjectLifecycle:Expiration:AbortMPU', 'ObjectLifecycle:Expiration:AbortMultipartUpload', 'ObjectLifecycle:Transition:Current',
    'ObjectAccessed:Get', 'ObjectAccessed:Head', 'ObjectTagging:Put', 'ObjectTagging:Delete', 'ObjectAcl:Put', 'ObjectRestore:Completed',
    'ReducedRedundancyLostObject', 'IntelligentTiering', 'Replication:OperationFailedReplication', 'TestEvent', 'BucketCreated:*',
    'ObjectCreatedElsewhere', 'MyObjectCreated:Put', 'ObjectSyncedNot', '', 's3:', 'objectcreated:put',
  ],
}

for (const [effect, names] of Object.entries(kinds)) {
  t.test(`what leaves its key ${effect}, with and without its prefix`, async (t) => {
    for (const name of names) {
      t.equal(effectOfKind(name), effect, name)
      t.equal(effectOfKind(`s3:${name}`), effect, name)
    }
  })
}

t.test('only a prefix is one', async (t) => {
  t.equal(effectOfKind('ObjectCreated:s3:Put'), 'unclear')
  t.equal(effectOfKind('aws:s3:ObjectCreated:Put'), 'none')
})

t.test('a kind that is not text may be any', async (t) => {
  for (const name of [undefined, null, 7, {}, ['ObjectCreated:Put']]) t.equal(effectOfKind(name), 'unclear')
})

t.test('a copy says so', async (t) => {
  for (const name of ['s3:ObjectCreated:Copy', 'ObjectCreated:Copy']) t.equal(isCopyKind(name), true)
  for (const name of [undefined, ['ObjectCreated:Copy'], 'ObjectCreated:CopyOf', 'Copy', 'ObjectCreated:Put']) t.equal(isCopyKind(name), false)
})
