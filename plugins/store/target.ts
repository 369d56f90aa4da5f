import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import fastifyPlugin from 'fastify-plugin'
import type { SigningTarget } from '../../store/presigning.js'

declare module 'fastify' {
  interface FastifyInstance {
    storeTarget: SigningTarget
    /** Only with the embedded object storage: emits each change, as a record of a notification, in their order. */
    embeddedStoreChanges: EventEmitter<{ change: [record: object] }> | undefined
    /** The same bucket with the credentials that uploads are signed with, which may be allowed to do less. */
    uploadTarget: SigningTarget
  }
}

/**
 * Decorates the instance with the bucket's address and credentials. Where no S3_ENDPOINT is configured, that is an
 * embedded object store, started here.
 */
export default fastifyPlugin(async (app) => {
  const { S3_ENDPOINT, S3_REGION: region, S3_BUCKET: bucket, S3_ACCESS_KEY, S3_SECRET_KEY, DATA_DIR } = app.config
  const { S3_UPLOAD_ACCESS_KEY, S3_UPLOAD_SECRET_KEY } = app.config
  // Nobody needs to know the embedded store's credentials, so each start has its own.
  const accessKey = S3_ACCESS_KEY ?? randomBytes(10).toString('hex')
  const secretKey = S3_SECRET_KEY ?? randomBytes(20).toString('hex')
  if (S3_ENDPOINT !== undefined) {
    app.decorate('embeddedStoreChanges', undefined)
    const target = { endpoint: S3_ENDPOINT, region, bucket, accessKey, secretKey }
    app.decorate('storeTarget', target)
    app.decorate('uploadTarget', {
      ...target, accessKey: S3_UPLOAD_ACCESS_KEY ?? accessKey, secretKey: S3_UPLOAD_SECRET_KEY ?? secretKey,
    })
    return
  }
  const { startEmbeddedStore } = await import('../../embedded/s3/object-store.js')
  const changes = new EventEmitter<{ change: [record: object] }>()
  const store = await startEmbeddedStore({
    directory: join(DATA_DIR, 'objects'),
    bucket,
    region,
    accessKey,
    secretKey,
    onError: (error) => { app.log.error({ err: error }, 'the embedded object storage failed') },
    onEvent: (record) => { changes.emit('change', record) },
  })
  app.addHook('onClose', async () => { await store.close() })
  app.decorate('embeddedStoreChanges', changes)
  const target = { endpoint: store.endpoint, region, bucket, accessKey, secretKey }
  app.decorate('storeTarget', target)
  // The embedded store takes no header `x-amz-*` that is not signed, so there is nothing to take away.
  app.decorate('uploadTarget', target)
}, { name: 'store-target', dependencies: ['config', 'data-directory'] })
