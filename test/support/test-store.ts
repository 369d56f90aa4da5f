import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Test } from 'tap'
import { type BucketNotificationRecord } from '../../embedded/s3/bucket-notification.js'
import { type EmbeddedStore, type EmbeddedStoreOptions, startEmbeddedStore } from '../../embedded/s3/object-store.js'
import { FixedCredentials } from '../../store/credentials.js'
import { type PresignedRequest, type SigningTarget, createPresign } from '../../store/presigning.js'

export const options = { bucket: 'embedded', region: 'eu-test-1', accessKey: 'access', secretKey: 'secret' }

export interface TestStore extends EmbeddedStore {
  target: SigningTarget
  events: BucketNotificationRecord[]
  errors: unknown[]
  /** Signs a URL that is valid now, for five minutes unless stated otherwise. */
  presign: (request: Partial<PresignedRequest> & Pick<PresignedRequest, 'method' | 'objectKey'>) => string
}

/** A folder that is removed with the test. */
export async function makeFolder (t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-embedded-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Starts a store that is closed with the test, unless the test closes it. */
export async function openStore (
  t: Pick<Test, 'teardown'>, directory: string, rest: Partial<EmbeddedStoreOptions> = {},
): Promise<TestStore> {
  const events: BucketNotificationRecord[] = []
  const errors: unknown[] = []
  const store = await startEmbeddedStore({
    ...options, directory, onEvent: (record) => { events.push(record) }, onError: (error) => { errors.push(error) }, ...rest,
  })
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= store.close()
    return closed
  }
  t.teardown(close)
  const { bucket, region, ...account } = { ...options, ...rest }
  const target = { bucket, region, endpoint: store.endpoint, credentials: new FixedCredentials(account) }
  const presign = createPresign(target)
  return {
    endpoint: store.endpoint,
    answer: store.answer,
    close,
    target,
    events,
    errors,
    presign: (request) => presign({ signedAt: new Date(), expiresInSeconds: 300, ...request }),
  }
}

/** Every file under a folder, by its path from there. */
export async function filesUnder (folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

/** The files under a folder that this process has open, if the system can tell. */
export async function openFilesUnder (folder: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd')
  const paths = await Promise.all(descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')))
  return paths.filter((path) => path.startsWith(folder))
}
