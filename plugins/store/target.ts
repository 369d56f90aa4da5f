import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import fastifyPlugin from 'fastify-plugin'
import type { SigningTarget } from '../../store/presigning.js'

declare module 'fastify' {
  interface FastifyInstance {
    storeTarget: SigningTarget
    /** undefined if S3_ENDPOINT names the object storage. */
    embeddedStore: MountedStore | undefined
    /** Only with the embedded object storage: emits each change as a notification record, in order. */
    embeddedStoreChanges: EventEmitter<{ change: [record: object] }> | undefined
    /** The same bucket with the credentials that uploads are signed with, which may have fewer permissions. */
    uploadTarget: SigningTarget
  }
}

/** The embedded object storage as clients reach it: below a path of this service, so that one address leads to both. */
interface MountedStore {
  /** The beginning of a pre-signed URL's path. */
  path: string
  /** The origin that URLs are signed for, whatever address a client uses. */
  signedOrigin: string
  /** Answers a request below the path; resolves once it is answered, and never rejects. */
  answer: (message: IncomingMessage, response: ServerResponse) => Promise<void>
}

const MOUNT_PATH = '/store'
const SIGNED_HOST = 'embedded-object-storage'

/**
 * Decorates the instance with the bucket's address and credentials. If no S3_ENDPOINT is configured, that is an embedded object
 * store, started here.
 */
export default fastifyPlugin(async (app) => {
  const { S3_ENDPOINT, S3_REGION: region, S3_BUCKET: bucket, S3_ADDRESSING, S3_PREFIX, DATA_DIR } = app.config
  const { service: credentials, uploads } = app.storeCredentials
  if (S3_ENDPOINT !== undefined) {
    app.decorate('embeddedStore', undefined)
    app.decorate('embeddedStoreChanges', undefined)
    const place = { endpoint: S3_ENDPOINT, region, bucket, addressing: S3_ADDRESSING, keyPrefix: S3_PREFIX ?? '' }
    app.decorate('storeTarget', { ...place, credentials })
    app.decorate('uploadTarget', { ...place, credentials: uploads })
    return
  }
  const { startEmbeddedStore } = await import('../../embedded/s3/object-store.js')
  const changes = new EventEmitter<{ change: [record: object] }>()
  const store = await startEmbeddedStore({
    directory: join(DATA_DIR, 'objects'),
    bucket,
    region,
    ...credentials.current,
    // The account follows the current content of the secrets' file.
    findAccount: (accessKey) => accessKey === credentials.current.accessKey ? credentials.current : undefined,
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
  const target = { endpoint: store.endpoint, region, bucket, credentials }
  app.decorate('storeTarget', target)
  // The embedded store accepts no `x-amz-*` header that is not signed, so there are no permissions to take away.
  app.decorate('uploadTarget', target)
}, { name: 'store-target', dependencies: ['config', 'data-directory', 'store-credentials'] })
