import { hkdfSync } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import fastifyPlugin from 'fastify-plugin'
import { ensureEmbeddedSecrets } from '../../embedded/secrets.js'
import type { SigningTarget } from '../../store/presigning.js'

declare module 'fastify' {
  interface FastifyInstance {
    storeTarget: SigningTarget
    /** undefined where S3_ENDPOINT names the object storage. */
    embeddedStore: MountedStore | undefined
    /** Only with the embedded object storage: emits each change, as a record of a notification, in their order. */
    embeddedStoreChanges: EventEmitter<{ change: [record: object] }> | undefined
    /** The same bucket with the credentials that uploads are signed with, which may be allowed to do less. */
    uploadTarget: SigningTarget
  }
}

/** The embedded object storage as clients reach it: below a path of this service, so that one address leads to both. */
interface MountedStore {
  /** What the path of a pre-signed URL begins with here. */
  path: string
  /** The origin that URLs are signed for, whatever the address is that a client uses. */
  signedOrigin: string
  /** Answers a request below the path, and resolves once it is answered. It never rejects. */
  answer: (message: IncomingMessage, response: ServerResponse) => Promise<void>
}

const MOUNT_PATH = '/store'
const SIGNED_HOST = 'embedded-object-storage'

/**
 * Decorates the instance with the bucket's address and credentials. Where no S3_ENDPOINT is configured, that is an
 * embedded object store, started here.
 */
export default fastifyPlugin(async (app) => {
  const { S3_ENDPOINT, S3_REGION: region, S3_BUCKET: bucket, S3_ACCESS_KEY, S3_SECRET_KEY, DATA_DIR } = app.config
  const { S3_UPLOAD_ACCESS_KEY, S3_UPLOAD_SECRET_KEY } = app.config
  if (S3_ENDPOINT !== undefined) {
    app.decorate('embeddedStore', undefined)
    app.decorate('embeddedStoreChanges', undefined)
    const target = { endpoint: S3_ENDPOINT, region, bucket, accessKey: S3_ACCESS_KEY ?? '', secretKey: S3_SECRET_KEY ?? '' }
    app.decorate('storeTarget', target)
    app.decorate('uploadTarget', {
      ...target, accessKey: S3_UPLOAD_ACCESS_KEY ?? target.accessKey, secretKey: S3_UPLOAD_SECRET_KEY ?? target.secretKey,
    })
    return
  }
  // Nobody needs to know the embedded store's credentials. They stay the same, so that links outlast a restart.
  const accessKey = S3_ACCESS_KEY ?? 'embedded'
  const secretKey = S3_SECRET_KEY ?? deriveSecretKey(ensureEmbeddedSecrets(DATA_DIR).serviceSecret)
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
  app.decorate('embeddedStore', {
    path: MOUNT_PATH,
    signedOrigin: `http://${SIGNED_HOST}`,
    answer: async (message, response) => {
      await store.answer(message, response, { target: (message.url ?? '').slice(MOUNT_PATH.length), host: SIGNED_HOST })
    },
  })
  app.decorate('embeddedStoreChanges', changes)
  const target = { endpoint: store.endpoint, region, bucket, accessKey, secretKey }
  app.decorate('storeTarget', target)
  // The embedded store takes no header `x-amz-*` that is not signed, so there is nothing to take away.
  app.decorate('uploadTarget', target)
}, { name: 'store-target', dependencies: ['config', 'data-directory', 'secrets'] })

/** A key for this purpose alone, so that nothing else which the secret is used for shows in a signature. */
function deriveSecretKey (secret: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'embedded object storage', 20)).toString('hex')
}
