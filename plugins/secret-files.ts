import { EventEmitter } from 'node:events'
import fastifyPlugin from 'fastify-plugin'
import {
  type Config, ConfigError, SecretFileError, readSecret, secretFilesOf, settingValue, withSecrets,
} from '../config.js'

interface SecretFileEvents {
  change: [config: Config, names: ReadonlySet<string>]
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Announces secrets whose files have changed: the configuration with the new ones, and their names. */
    secretFiles: EventEmitter<SecretFileEvents>
  }
}

const LOOK_INTERVAL_MS = 2_000

/**
 * Reads the files of secrets periodically, and announces those that have changed.
 *
 * They are read rather than watched: Kubernetes changes a file by switching a link to its folder, some mounts report no changes
 * at all, and `fs.watch` loses a file that is replaced. A change counts once it has been seen twice, since a key and its secret
 * in two files are not written at the same time. A file that is unreadable, empty, or invalid for its setting changes nothing,
 * and is logged.
 */
export default fastifyPlugin(async (app) => {
  const changes = new EventEmitter<SecretFileEvents>()
  app.decorate('secretFiles', changes)
  const files = secretFilesOf(app.config)
  if (files.size === 0) return
  let current = app.config
  const held = new Map(Object.entries(current).map(([name, value]) => [name, String(value)]))
  let seen = new Map(held)
  const told = new Map<string, string>()
  const tell = (name: string, problem: string | undefined) => {
    if (problem !== undefined && told.get(name) !== problem) app.log.error(`${name}: ${problem}; it stays as it was`)
    if (problem === undefined) told.delete(name)
    else told.set(name, problem)
  }

  const look = async () => {
    const found = new Map<string, string>()
    for (const [name, path] of files) {
      try {
        found.set(name, settingValue(name, await readSecret(path)))
        tell(name, undefined)
      } catch (error) {
        if (!(error instanceof SecretFileError)) throw error
        tell(name, error.message)
      }
    }
    const changed = new Map([...found].filter(([name, text]) => text !== held.get(name)))
    const isSettled = [...changed].every(([name, text]) => seen.get(name) === text)
    seen = found
    if (changed.size === 0 || !isSettled) return
    try {
      current = withSecrets(current, changed)
      tell('the settings', undefined)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      tell('the settings', error.message)
      return
    }
    for (const [name, text] of changed) held.set(name, text)
    const names = new Set(changed.keys())
    changes.emit('change', current, names)
    app.log.info({ settings: [...names] }, 'secrets were read again from their files')
  }

  let looking: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(look).catch((error: unknown) => {
      app.log.error({ err: error }, 'secrets could not be read again from their files')
    })
  }, LOOK_INTERVAL_MS).unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    await looking
  })
}, { name: 'secret-files', dependencies: ['config'] })
