import closeWithGrace from 'close-with-grace'
import { build } from './app.js'
import { type Config, loadConfig } from './config.js'
import { misspeltSettings } from './config/misspelt-settings.js'
import { asAddressFailure, listenOptions, openSocket, requireUsableAddress, socketPathOf } from './startup/address.js'
import { loadEnvironmentFile } from './startup/environment.js'
import { describeStartFailure } from './startup/failure.js'

// A PostgreSQL statement may take this long, and what was received is committed before the end.
const CLOSE_MAX_MS = 15_000

/** Starts the service, and stops it in an orderly way on SIGTERM and SIGINT. */
async function main (): Promise<void> {
  loadEnvironmentFile()
  const config = loadConfig(process.env)
  await requireUsableAddress(config)
  const app = build(config, { logForPeople: process.stdout.isTTY && config.NODE_ENV !== 'production' })
  for (const { name, meant } of misspeltSettings(process.env)) app.log.warn(`the variable ${name} is not a setting: is ${meant} meant?`)
  const delay = (config.SHUTDOWN_DELAY + config.SHUTDOWN_GRACE) * 1000 + CLOSE_MAX_MS
  const listening = app.listen(listenOptions(config))
    .catch((error: unknown) => { throw asAddressFailure(error, config) })
  closeWithGrace({ delay, logger: app.log }, async ({ err }) => {
    if (err !== undefined) app.log.fatal({ err }, 'stopping after an error that nothing caught')
    await listening
    await app.shutdown.run()
  })
  const address = await listening
  openSocket(config)
  if (isForNewcomers(config)) {
    const path = socketPathOf(config)
    if (path !== undefined) console.log(`\nThe service listens at the socket ${path}: http://localhost stands below for the proxy before it.`)
    console.log(await app.introduce((path === undefined ? address : 'http://localhost') + (config.BASE_PATH ?? '')))
  }
}

/** Without any configuration there is a demo organisation to look at. */
function isForNewcomers ({ DATABASE_URL, S3_ENDPOINT, JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL, NODE_ENV }: Config): boolean {
  return NODE_ENV !== 'production' &&
    [DATABASE_URL, S3_ENDPOINT, JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL].every((value) => value === undefined)
}

main().catch((error: unknown) => {
  console.error(describeStartFailure(error) ?? error)
  process.exit(1)
})
