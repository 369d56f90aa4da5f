import { existsSync, statfsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { accountFor } from './account.js'
import { type Address, portAddress, socketAddress } from './address.js'
import { type Cluster, createCluster, ownCluster, readPassword, syncCluster } from './cluster.js'
import { DiskFullError, EmbeddedDatabaseError } from './failure.js'
import { LaunchError, type RunningServer, launch } from './launch.js'
import { stopLeftover } from './leftover.js'
import { preparePrograms } from './programs.js'
import { setAside } from './set-aside.js'
import { type ServerSettings, frugalSettings } from './settings.js'

export interface ServerOptions {
  /** In addition to the frugal ones, or in place of them. */
  settings?: ServerSettings
  /** Whether to listen at a port of this machine rather than at a Unix socket; by default only on Windows. */
  hasPort?: boolean
  /** Called with why a running server ended by itself. */
  onCrash?: (error: Error) => void
  /** Called with the folder to which data that this server cannot read was moved. */
  onSetAside?: (directory: string) => void
}

// The write-ahead log may grow by what PostgreSQL recovers, and tables need some room.
const RESTART_MIN_BYTES = 40 * 1024 ** 2
const RETRY_MS = 50
const PATIENCE_MS = 20_000

/** A PostgreSQL server that serves the data in a folder as a child of this process, and ends with it. */
export class PostgresServer {
  readonly #directory: string
  readonly #options: ServerOptions
  #starting: Promise<string> | undefined
  #running: RunningServer | undefined
  #cluster: Cluster | undefined
  #address: Address | undefined
  #hasCrashed = false
  #isStopping = false
  readonly #stopSync = new AbortController()
  #synced: Promise<void> = Promise.resolve()

  /** @param directory where the data is kept; only one process may use it */
  constructor (directory: string, options: ServerOptions = {}) {
    this.#directory = resolve(directory)
    this.#options = options
  }

  /**
   * Starts the server unless it runs. It continues with everything that was committed; in a folder without data it begins with
   * an empty database. Data that it cannot read, such as another version's or another program's, is set aside first.
   *
   * @returns the URL of its database
   * @throws {DiskFullError}
   * @throws {EmbeddedDatabaseError}
   * @throws {MissingPackageError}
   */
  async start (): Promise<string> {
    const starting = this.#starting ??= this.#start()
    try {
      return await starting
    } catch (error) {
      if (this.#starting === starting) this.#starting = undefined
      throw error
    }
  }

  /** Stops the server for good, once nothing more is asked of it. */
  async stop (): Promise<void> {
    this.#isStopping = true
    await this.#starting?.catch(() => {})
    this.#stopSync.abort()
    await this.#synced
    await this.#running?.stop()
    await this.#address?.close()
  }

  async #start (): Promise<string> {
    if (this.#hasCrashed) this.#requireRoom()
    this.#cluster ??= await this.#openCluster()
    this.#address ??= await this.#chooseAddress()
    const settings = { ...frugalSettings, ...this.#options.settings, ...this.#address.settings }
    const running = await this.#launch(this.#cluster, settings)
    this.#running = running
    this.#hasCrashed = false
    running.ended.then((lastWords) => {
      this.#running = undefined
      this.#starting = undefined
      if (this.#isStopping) return
      this.#hasCrashed = true
      this.#options.onCrash?.(new Error(`PostgreSQL ended: ${lastWords}`))
    }, () => {})
    return this.#address.url(await readPassword(this.#directory))
  }

  async #chooseAddress (): Promise<Address> {
    const { hasPort = process.platform === 'win32' } = this.#options
    return hasPort ? await portAddress() : await socketAddress(this.#directory)
  }

  async #openCluster (): Promise<Cluster> {
    const directory = this.#directory
    await mkdir(dirname(directory), { recursive: true })
    const account = await accountFor(directory)
    const cluster = { directory, account, programs: await preparePrograms(account) }
    if (existsSync(join(directory, 'PG_VERSION'))) await ownCluster(cluster)
    else await this.#create(cluster)
    return cluster
  }

  async #create (cluster: Cluster): Promise<void> {
    await createCluster(cluster)
    if (this.#options.settings?.fsync === 'off') return
    this.#synced = syncCluster(cluster, this.#stopSync.signal).catch(() => {})
  }

  async #launch (cluster: Cluster, settings: ServerSettings): Promise<RunningServer> {
    for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
      await stopLeftover(this.#directory)
      try {
        return await launch(cluster, settings)
      } catch (error) {
        if (!(error instanceof LaunchError)) throw error
        if (error.message.includes('database files are incompatible with server')) {
          this.#options.onSetAside?.(await setAside(this.#directory))
          await this.#create(cluster)
        } else if (!error.message.includes('pre-existing shared memory block') || waitedMs >= PATIENCE_MS) {
          // The processes of a server that was killed take a moment to notice it.
          this.#requireRoom()
          throw new EmbeddedDatabaseError(`PostgreSQL does not start, and says: ${error.message}`)
        }
        await setTimeout(RETRY_MS)
      }
    }
  }

  /** @throws {DiskFullError} */
  #requireRoom (): void {
    const { bavail, bsize } = statfsSync(dirname(this.#directory))
    if (bavail * bsize < RESTART_MIN_BYTES) throw new DiskFullError()
  }
}
