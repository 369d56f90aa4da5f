import { readFile } from 'node:fs/promises'
import { type ErrorBody, type ObjectsClient, createClient } from '../client/index.js'
import { errorCode } from '../errors/error-code.js'
import { TransferError, TransferStoppedError } from './failures.js'

/** Where the service is, and how it is reached. */
export interface Connection {
  address: string
  /** The current token. */
  readToken: () => Promise<string>
  /** Makes a separate client for callers that want to see its answers. */
  createClient: () => ObjectsClient
}

/**
 * Connects to a service. If the token is in a file, the file is read for every request, since it may be replaced before the
 * token expires.
 *
 * @param address the service's address; by default from the environment
 * @throws {TransferError} if the address or a token is missing
 */
export async function connect (address: string | undefined, environment: NodeJS.ProcessEnv): Promise<Connection> {
  const { OBJECTS_STORAGE_URL, OBJECTS_STORAGE_TOKEN = '', OBJECTS_STORAGE_TOKEN_FILE = '' } = environment
  const url = address ?? OBJECTS_STORAGE_URL ?? ''
  if (url === '') throw new TransferError('Name the service\'s address with --url, or set OBJECTS_STORAGE_URL.')
  if (!/^https?:\/\/[^\s?#@]+$/.test(url) || !URL.canParse(url)) {
    throw new TransferError('The service\'s address must be one such as https://files.example.com.')
  }
  if (OBJECTS_STORAGE_TOKEN === '' && OBJECTS_STORAGE_TOKEN_FILE === '') {
    throw new TransferError('Set OBJECTS_STORAGE_TOKEN to a token, or OBJECTS_STORAGE_TOKEN_FILE to a file that has one.')
  }
  const fixed = OBJECTS_STORAGE_TOKEN === '' ? undefined : requireToken(OBJECTS_STORAGE_TOKEN.trim(), 'OBJECTS_STORAGE_TOKEN')
  const token = fixed ?? (() => readToken(OBJECTS_STORAGE_TOKEN_FILE))
  // So that an unreadable file is reported at once, rather than after retries.
  if (fixed === undefined) await readToken(OBJECTS_STORAGE_TOKEN_FILE)
  return {
    address: url.replace(/\/+$/, ''),
    readToken: async () => typeof token === 'string' ? token : await token(),
    createClient: () => createClient({ baseUrl: url, token }),
  }
}

async function readToken (location: string): Promise<string> {
  const text = await readFile(location, 'utf8').catch((error: unknown) => {
    throw new TransferStoppedError(`OBJECTS_STORAGE_TOKEN_FILE cannot be read (${errorCode(error)}).`)
  })
  return requireToken(text.trim(), 'OBJECTS_STORAGE_TOKEN_FILE')
}

/** Checks the form of a token: a malformed header would be refused with a message that repeats it. */
function requireToken (text: string, name: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new TransferStoppedError(`${name} has no token.`)
}

/** A service's answer that is not a result, in words. */
export function describeRefusal (error: ErrorBody | undefined, { status }: Pick<Response, 'status'>): string {
  return error?.code === undefined ? `The service answers with status ${status}.` : `${error.code}: ${error.message}`
}
