import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createListingCursors } from '../../../objects/listing-cursor.js'
import { signToken, validClaims } from '../../support/tokens.js'
import { type TestService, startService } from '../../support/service.js'
import { makeFolder, openStore, options } from '../../support/test-store.js'

const secret = () => `${randomUUID()}${randomUUID()}`
const READ_AGAIN = 'secrets were read again from their files'

/** A folder of secrets as Kubernetes mounts it: files are links into a folder that is replaced atomically. */
class MountedSecrets {
  readonly #folder: string
  #version = 0

  constructor (folder: string) {
    this.#folder = folder
  }

  static async in (t: Test, values: Record<string, string>): Promise<MountedSecrets> {
    const mounted = new MountedSecrets(t.testdir())
    await mounted.replace(values)
    for (const name of Object.keys(values)) await symlink(join('..data', name), mounted.path(name))
    return mounted
  }

  path (name: string): string {
    return join(this.#folder, name)
  }

  /** The variables that name the files. */
  variables (...names: string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [`${name}_FILE`, this.path(name)]))
  }

  async replace (values: Record<string, string>): Promise<void> {
    const next = `..version-${++this.#version}`
    await mkdir(this.path(next))
    for (const [name, value] of Object.entries(values)) await writeFile(join(this.path(next), name), value)
    await symlink(next, this.path('..new'))
    await rename(this.path('..new'), this.path('..data'))
    await rm(this.path(`..version-${this.#version - 1}`), { recursive: true, force: true })
  }
}

/**
 * The statuses of a usage request with a token signed by the given secret, and of a notification with the given events token.
 */
async function statusesWith ({ app }: TestService, tokenSecret: string, eventsToken: string): Promise<number[]> {
  const usage = await app.inject({
    url: '/api/v1/objects/storage-usage', headers: { authorization: `Bearer ${signToken(tokenSecret, validClaims())}` },
  })
  const events = await app.inject({
    method: 'POST', url: '/api/v1/objects/events', headers: { authorization: `Bearer ${eventsToken}` }, payload: { Records: [] },
  })
  return [usage.statusCode, events.statusCode]
}

t.test('secrets change with their files, while requests under way and old tokens stay valid for the overlap', async (t) => {
  const first = { JWT_SECRET: secret(), EVENTS_TOKEN: secret(), SERVICE_SECRET: secret() }
  const second = { JWT_SECRET: secret(), EVENTS_TOKEN: secret(), SERVICE_SECRET: secret() }
  const mounted = await MountedSecrets.in(t, { ...first, EVENTS_TOKEN: `${first.EVENTS_TOKEN}\n` })
  const service = await startService(t, { JWT_SECRET: '', ...mounted.variables(...Object.keys(first)), SECRET_OVERLAP: '10' })
  t.strictSame(await statusesWith(service, first.JWT_SECRET, first.EVENTS_TOKEN), [200, 200])
  t.strictSame(await statusesWith(service, second.JWT_SECRET, second.EVENTS_TOKEN), [401, 401])
  const sealedFirst = createListingCursors(service.app.secrets.service).seal('scope', 'position')
  const cursors = createListingCursors(service.app.secrets.service)

  const changed = new AbortController()
  const failed: number[][] = []
  const load = Array.from({ length: 20 }, async () => {
    while (!changed.signal.aborted) {
      const statuses = await statusesWith(service, first.JWT_SECRET, first.EVENTS_TOKEN)
      if (statuses.some((status) => status !== 200)) failed.push(statuses)
    }
  })
  const readAgain = service.nextLine(({ msg }) => msg === READ_AGAIN)
  await mounted.replace(second)
  await readAgain
  t.strictSame(await statusesWith(service, first.JWT_SECRET, first.EVENTS_TOKEN), [200, 200], 'old ones are accepted, too')
  changed.abort()
  await Promise.all(load)
  t.strictSame(failed, [])

  t.strictSame(await statusesWith(service, second.JWT_SECRET, second.EVENTS_TOKEN), [200, 200])
  const other = createListingCursors({ current: second.SERVICE_SECRET, others: [] })
  t.equal(cursors.open('scope', other.seal('scope', 'position')), 'position', 'what a replica sealed that was faster opens')
  const slower = createListingCursors({ current: first.SERVICE_SECRET, others: [] })
  t.equal(slower.open('scope', cursors.seal('scope', 'position')), 'position', 'what is sealed opens where a replica is slower')
  while (other.open('scope', cursors.seal('scope', 'position')) === undefined) await setTimeout(50)
  t.equal(cursors.open('scope', sealedFirst), 'position', 'what was sealed before still opens')
  const isOldAccepted = async () => (await statusesWith(service, first.JWT_SECRET, first.EVENTS_TOKEN)).includes(200)
  while (await isOldAccepted()) await setTimeout(50)
  t.strictSame(await statusesWith(service, second.JWT_SECRET, second.EVENTS_TOKEN), [200, 200])
  for (const value of [...Object.values(first), ...Object.values(second)]) t.notMatch(service.log.join(''), value)
})

t.test('a file that is empty, gone or no value of its setting changes nothing, and is logged without a value', async (t) => {
  const first = { JWT_SECRET: secret(), EVENTS_TOKEN: secret() }
  const mounted = await MountedSecrets.in(t, first)
  const service = await startService(t, { JWT_SECRET: '', ...mounted.variables(...Object.keys(first)) })
  for (const [wrong, message] of [
    [{ ...first, JWT_SECRET: '\n' }, /^JWT_SECRET: the file .* is empty; it stays as it was$/],
    [{ EVENTS_TOKEN: first.EVENTS_TOKEN }, /^JWT_SECRET: the file .* cannot be read \(ENOENT\); it stays as it was$/],
    [{ ...first, JWT_SECRET: 'too-short-a-secret' }, /^the settings: JWT_SECRET must be text of 32 characters or more/],
  ] as const) {
    const told = service.nextLine(({ msg }) => message.test(msg))
    await mounted.replace(wrong)
    await told
    t.strictSame(await statusesWith(service, first.JWT_SECRET, first.EVENTS_TOKEN), [200, 200])
  }
  t.notMatch(service.log.join(''), /too-short-a-secret/)
  const next = { JWT_SECRET: secret(), EVENTS_TOKEN: secret() }
  const readAgain = service.nextLine(({ msg }) => msg === READ_AGAIN)
  await mounted.replace(next)
  await readAgain
  t.strictSame(await statusesWith(service, next.JWT_SECRET, next.EVENTS_TOKEN), [200, 200])
})

t.test('keys of the object storage change with their files, without a failed request', async (t) => {
  const accounts = new Map<string, string>([['first', secret()], ['second', secret()]])
  const valuesOf = (accessKey: string) => ({ S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: accounts.get(accessKey) ?? '' })
  const store = await openStore(t, await makeFolder(t), {
    findAccount: (accessKey) => {
      const secretKey = accounts.get(accessKey)
      return secretKey === undefined ? undefined : { secretKey }
    },
  })
  const mounted = await MountedSecrets.in(t, valuesOf('first'))
  const service = await startService(t, {
    S3_ENDPOINT: store.endpoint,
    S3_BUCKET: options.bucket,
    S3_REGION: options.region,
    SERVICE_SECRET: secret(),
    EXISTENCE_TTL: '0',
    ...mounted.variables('S3_ACCESS_KEY', 'S3_SECRET_KEY'),
  })
  const objectKey = await service.putFile('content')
  const changed = new AbortController()
  const failed: number[] = []
  const load = Array.from({ length: 60 }, async () => {
    while (!changed.signal.aborted) {
      const { statusCode } = await service.app.inject(service.downloadPath(objectKey))
      if (statusCode !== 302) failed.push(statusCode)
    }
  })
  const readAgain = service.nextLine(({ msg }) => msg === READ_AGAIN)
  await mounted.replace(valuesOf('second'))
  await readAgain
  const { headers: { location } } = await service.app.inject(service.downloadPath(objectKey))
  changed.abort()
  await Promise.all(load)
  t.strictSame(failed, [])
  t.match(String(location), 'X-Amz-Credential=second%2F')
  accounts.delete('first')
  t.equal(await (await fetch(String(location))).text(), 'content')
  t.equal((await service.app.minio.statObject(options.bucket, objectKey)).size, 7)
})
