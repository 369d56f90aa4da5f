import { readFileSync } from 'node:fs'
import type { ConnectionOptions, SecureVersion } from 'node:tls'
import { errorCode } from '../../errors/error-code.js'
import { isTlsFailure } from './availability.js'
import type { DatabaseAddress } from './database-address.js'
import { sqlState } from './sql-state.js'

/** A setting about the database that waiting will not put right, in one line that names it. */
export class DatabaseSettingError extends Error {
  override name = 'DatabaseSettingError'
}

const modes = ['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'] as const
type Mode = typeof modes[number]
/** How the next connection is encrypted, as node-postgres takes it. */
type Ssl = ConnectionOptions | false

/** If there are two ways, how long the one that succeeded is tried first. */
const SECOND_WAY_MS = 60_000
// Refusals that have nothing to do with TLS: a wrong password, no such database, not up yet, no connections left.
const otherRefusal = /^(28P01|3D|53|57)/

/**
 * How connections to a database are encrypted: by its URL's parameters, with their meaning in libpq (PostgreSQL, "SSL
 * Support"), whereas node-postgres treats every mode but `disable` as `verify-full`. Unlike in libpq, the default is `allow`: a
 * server that insists on TLS gets it. Files are read again for every connection, so that certificates can be renewed.
 */
export class Encryption {
  readonly #ways: ReadonlyArray<() => Ssl>
  #secondUntilMs = -Infinity

  /**
   * @param caFile trusted certificates, used if the URL names none
   * @throws {DatabaseSettingError}
   */
  constructor ({ tls, host }: DatabaseAddress, caFile?: string) {
    // Nothing is encrypted on a Unix socket.
    const mode = host.startsWith('/') ? 'disable' : modeOf(tls, caFile !== undefined)
    const encrypted = encryptedWay(tls, mode, caFile)
    if (mode !== 'disable') encrypted()
    const plain = () => false as const
    const optional: Partial<Record<Mode, Array<() => Ssl>>> = {
      disable: [plain], allow: [plain, encrypted], prefer: [encrypted, plain],
    }
    this.#ways = optional[mode] ?? [encrypted]
  }

  /** Whether the second way is in use, since the first one failed. */
  get isSecond (): boolean {
    return this.#ways.length > 1 && performance.now() < this.#secondUntilMs
  }

  /** How to encrypt the next connection. */
  next (): Ssl {
    const [first, second = first] = this.#ways
    return (this.isSecond ? second : first)?.() ?? false
  }

  /**
   * Takes into account why a connection could not be made.
   *
   * @param wasSecond what `isSecond` was before
   * @returns whether the next attempt is made in the other way
   */
  fallBack (error: unknown, wasSecond: boolean): boolean {
    if (this.#ways.length < 2 || !isAboutEncryption(error)) return false
    // Concurrent attempts that failed may have switched already.
    if (this.isSecond === wasSecond) this.#secondUntilMs = wasSecond ? -Infinity : performance.now() + SECOND_WAY_MS
    return true
  }

  /** Starts with the first way again, since neither works. */
  reset (): void {
    this.#secondUntilMs = -Infinity
  }
}

/**
 * Whether another way of encryption may succeed: TLS could not be agreed on, or the server refused before the first statement.
 */
function isAboutEncryption (error: unknown): boolean {
  const state = sqlState(error)
  return isTlsFailure(error) || (state !== '' && !otherRefusal.test(state))
}

function modeOf (tls: ReadonlyMap<string, string>, hasCaFile: boolean): Mode {
  const rootCertificate = tls.get('sslrootcert')
  const given = tls.get('sslmode') ?? {
    true: 'verify-full', 1: 'verify-full', false: 'disable', 0: 'disable', 'no-verify': 'no-verify',
  }[tls.get('ssl') ?? '']
  if (given === undefined) return rootCertificate === undefined && !hasCaFile ? 'allow' : 'verify-full'
  const mode = modes.find((one) => one === given)
  if (mode === undefined) throw new DatabaseSettingError(`DATABASE_URL: sslmode must be one of: ${modes.join(', ')}.`)
  if (rootCertificate === 'system' && mode !== 'verify-full') {
    throw new DatabaseSettingError(`DATABASE_URL: sslrootcert=system needs sslmode=verify-full, not ${mode}: anybody may have a public certificate.`)
  }
  return mode
}

/** How to connect with TLS. While a file cannot be read, its last content stays in use. */
function encryptedWay (tls: ReadonlyMap<string, string>, mode: Mode, caFile: string | undefined): () => ConnectionOptions {
  const rootCertificate = tls.get('sslrootcert')
  const ca = rootCertificate === undefined
    ? fileOf('DATABASE_CA', caFile)
    : fileOf('DATABASE_URL: sslrootcert', rootCertificate === 'system' ? undefined : rootCertificate)
  const cert = fileOf('DATABASE_URL: sslcert', tls.get('sslcert'))
  const key = fileOf('DATABASE_URL: sslkey', tls.get('sslkey'))
  const passphrase = tls.get('sslpassword')
  const minVersion = minVersionOf(tls.get('ssl_min_protocol_version'))
  return () => {
    const authority = ca()
    return {
      ...authority === undefined ? {} : { ca: authority },
      cert: cert(),
      key: key(),
      ...passphrase === undefined ? {} : { passphrase },
      ...minVersion === undefined ? {} : { minVersion },
      ...verification(mode, authority !== undefined),
    }
  }
}

/** What is verified: the chain whenever a CA is named; the host by verify-full, and by verify-ca if public CAs are trusted. */
function verification (mode: Mode, hasCa: boolean): ConnectionOptions {
  if (mode === 'verify-full' || (mode === 'verify-ca' && !hasCa)) return { rejectUnauthorized: true }
  if (mode === 'no-verify' || !hasCa) return { rejectUnauthorized: false }
  return { rejectUnauthorized: true, checkServerIdentity: () => undefined }
}

function fileOf (setting: string, path: string | undefined): () => string | undefined {
  let last: string | undefined
  return () => {
    if (path !== undefined) last = readPem(path) ?? last ?? refuseFile(setting, path)
    return last
  }
}

function readPem (path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.includes('-----BEGIN ') ? text : undefined
  } catch {
    return undefined
  }
}

/** @throws {DatabaseSettingError} */
function refuseFile (setting: string, path: string): never {
  try {
    readFileSync(path)
  } catch (error) {
    throw new DatabaseSettingError(`${setting} cannot be read: ${errorCode(error)}, ${path}.`)
  }
  throw new DatabaseSettingError(`${setting} is not in PEM form: ${path}.`)
}

function minVersionOf (name: string | undefined): SecureVersion | undefined {
  const versions: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']
  const version = versions.find((one) => one === name)
  if (name !== undefined && version === undefined) {
    throw new DatabaseSettingError(`DATABASE_URL: ssl_min_protocol_version must be one of: ${versions.join(', ')}.`)
  }
  return version
}
