import fastifyPlugin from 'fastify-plugin'
import type { DigestAlgorithm } from '../../objects/digests.js'
import { enforcedChecksums } from '../../store/checksums.js'
import { ObjectStorage } from '../../store/object-storage.js'
import { type Presign, createPresign } from '../../store/presigning.js'

declare module 'fastify' {
  interface FastifyInstance {
    objectStorage: ObjectStorage
    /**
     * Signs URLs for browsers and programs, with the store's public address. If the store is embedded, they begin with a path
     * of this service (`app.reachableUrl`).
     */
    presign: Presign
    /** Like `presign`, for uploads, with credentials that may have fewer permissions. */
    presignUpload: Presign
    /** The checksums that, bound to an upload, make the store refuse other bytes. */
    enforcedChecksums: readonly DigestAlgorithm[]
  }
}

/** Decorates the instance with the bucket as downloads use it, and with the function that signs URLs to it. */
export default fastifyPlugin(async (app) => {
  const {
    S3_ENDPOINT, S3_PUBLIC_ENDPOINT, S3_CONNECT_TIMEOUT, S3_FIRST_BYTE_TIMEOUT, STREAM_IDLE_TIMEOUT, UPLOAD_CHECKSUMS, NODE_ENV,
  } = app.config
  const { storeTarget, uploadTarget, embeddedStore } = app
  const objectStorage = new ObjectStorage(storeTarget, {
    connectTimeoutMs: S3_CONNECT_TIMEOUT * 1000,
    firstByteTimeoutMs: S3_FIRST_BYTE_TIMEOUT * 1000,
    idleTimeoutMs: STREAM_IDLE_TIMEOUT * 1000,
  }, app.observeStore, app.storeTransport)
  app.decorate('objectStorage', objectStorage)
  const endpoint = S3_PUBLIC_ENDPOINT ?? embeddedStore?.signedOrigin ?? storeTarget.endpoint
  const base = S3_PUBLIC_ENDPOINT === undefined ? embeddedStore?.path : undefined
  app.decorate('presign', createPresign({ ...storeTarget, endpoint }, base))
  app.decorate('presignUpload', createPresign({ ...uploadTarget, endpoint }, base))
  app.decorate('enforcedChecksums', enforcedChecksums(UPLOAD_CHECKSUMS, S3_ENDPOINT))
  app.addHook('onClose', async () => { await objectStorage.close() })

  // A store that is down now may be up before the first download, so nothing here aborts the start.
  try {
    if (await objectStorage.bucketExists()) return
    if (NODE_ENV === 'production') {
      app.log.error({ bucket: storeTarget.bucket }, 'the bucket does not exist')
      return
    }
    await app.minio.makeBucket(storeTarget.bucket, storeTarget.region)
    app.log.info({ bucket: storeTarget.bucket }, 'created the bucket')
  } catch (error) {
    app.log.warn({ err: error }, 'object storage does not answer: starting without it')
  }
}, { name: 'object-storage', dependencies: ['config', 'store-target', 'store-transport', 'minio', 'store-metrics'] })
