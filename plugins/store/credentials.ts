import { hkdfSync } from 'node:crypto'
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../../config.js'
import { ensureEmbeddedSecrets } from '../../embedded/secrets.js'
import { type CredentialSource, type Credentials, FixedCredentials, areSameCredentials } from '../../store/credentials.js'
import { openMachineCredentials } from '../../store/machine-credentials.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The credentials that sign requests to the object storage. */
    storeCredentials: {
      service: CredentialSource
      /** Those that sign uploads; they may have fewer permissions. */
      uploads: CredentialSource
      /** Where the service's own credentials come from, in words. */
      origin: () => string
    }
  }
}

/**
 * Decorates the instance with the credentials for the object storage: the configured ones, following their files; otherwise
 * those of this machine, renewed in the background; for the embedded storage, generated ones that nobody needs to know.
 */
export default fastifyPlugin(async (app) => {
  const { config } = app
  const uploads = followFiles(uploadCredentials)
  const configured = followFiles(serviceCredentials)
  if (configured !== undefined) {
    app.decorate('storeCredentials', {
      service: configured, uploads: uploads ?? configured, origin: () => 'S3_ACCESS_KEY and S3_SECRET_KEY',
    })
    return
  }
  if (config.S3_ENDPOINT === undefined) {
    // They stay the same, so that links survive a restart.
    const secretKey = config.S3_SECRET_KEY ?? deriveSecretKey(ensureEmbeddedSecrets(config.DATA_DIR).serviceSecret)
    const service = new FixedCredentials({ accessKey: config.S3_ACCESS_KEY ?? 'embedded', secretKey })
    app.decorate('storeCredentials', { service, uploads: service, origin: () => 'DATA_DIR' })
    return
  }
  const { source, origin } = await openMachineCredentials({
    onFailure: (error) => { app.log.warn({ err: error }, 'credentials for the object storage could not be fetched') },
  })
  app.addHook('onClose', async () => { source.close() })
  app.decorate('storeCredentials', { service: source, uploads: uploads ?? source, origin })

  /** Configured credentials, replaced when the files that hold them change. */
  function followFiles (read: (config: Config) => Credentials | undefined): FixedCredentials | undefined {
    const first = read(config)
    if (first === undefined) return undefined
    const source = new FixedCredentials(first)
    app.secretFiles.on('change', (changed) => {
      const next = read(changed)
      // Setting a different object would give every file a new URL.
      if (next !== undefined && !areSameCredentials(next, source.current)) source.current = next
    })
    return source
  }
}, { name: 'store-credentials', dependencies: ['config', 'data-directory', 'secret-files'] })

function serviceCredentials ({ S3_ACCESS_KEY, S3_SECRET_KEY, S3_SESSION_TOKEN }: Config): Credentials | undefined {
  if (S3_ACCESS_KEY === undefined || S3_SECRET_KEY === undefined) return undefined
  return { accessKey: S3_ACCESS_KEY, secretKey: S3_SECRET_KEY, sessionToken: S3_SESSION_TOKEN }
}

function uploadCredentials ({ S3_UPLOAD_ACCESS_KEY, S3_UPLOAD_SECRET_KEY }: Config): Credentials | undefined {
  if (S3_UPLOAD_ACCESS_KEY === undefined || S3_UPLOAD_SECRET_KEY === undefined) return undefined
  return { accessKey: S3_UPLOAD_ACCESS_KEY, secretKey: S3_UPLOAD_SECRET_KEY }
}

/** A key for this purpose alone, so that signatures reveal nothing about the secret's other uses. */
function deriveSecretKey (secret: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'embedded object storage', 20)).toString('hex')
}
