import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { errorCode } from '../errors/error-code.js'

const SECRET_BYTES = 32

const EmbeddedSecretsSchema = Type.Object({
  tokenSecret: Type.String({ minLength: 32, description: 'Signs tokens, where no other key is configured.' }),
  serviceSecret: Type.String({ minLength: 32, description: 'What the service seals is sealed with, where no other secret is configured.' }),
})

/** The secrets of a data directory. */
export type EmbeddedSecrets = Static<typeof EmbeddedSecretsSchema>

/** The file of secrets does not contain what was written to it. */
export class SecretsUnreadableError extends Error {
  override name = 'SecretsUnreadableError'

  constructor (path: string) {
    super(`The file ${path} does not hold the secrets that were written into it: put back a copy, or remove it. ` +
      'Without it new secrets are made, and tokens signed with the old one are no longer valid.')
  }
}

/**
 * The secrets of a data directory. The first call generates them at random, in a file that only the process's user may read;
 * later calls read it. The directory must be claimed, since two calls at once would generate different ones.
 *
 * @throws {SecretsUnreadableError}
 */
export function ensureEmbeddedSecrets (directory: string): EmbeddedSecrets {
  const existing = readEmbeddedSecrets(directory)
  if (existing !== undefined) return existing
  const path = pathIn(directory)
  const secrets = { tokenSecret: makeSecret(), serviceSecret: makeSecret() }
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(draft, path)
  return secrets
}

/**
 * The secrets of a data directory, claimed or not.
 *
 * @returns undefined if no service has started in it
 * @throws {SecretsUnreadableError}
 */
export function readEmbeddedSecrets (directory: string): EmbeddedSecrets | undefined {
  const path = pathIn(directory)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
  const secrets = parse(text)
  if (!Value.Check(EmbeddedSecretsSchema, secrets)) throw new SecretsUnreadableError(path)
  return secrets
}

function pathIn (directory: string): string {
  return join(directory, 'secrets.json')
}

function makeSecret (): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
