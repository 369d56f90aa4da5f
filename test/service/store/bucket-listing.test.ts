import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { FixedCredentials } from '../../../store/credentials.js'
import { createBucketListing, createPrefixListing } from '../../../store/bucket-listing.js'
import { DisorderedListingError } from '../../../store/distinct-keys.js'
import type { ListingPage } from '../../../store/listing-pages.js'
import type { SigningTarget } from '../../../store/presigning.js'
import { StoreConnection } from '../../../store/connection.js'
import { ObjectStorageRefused } from '../../../store/failures.js'
import { startService } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

const timeouts = { connectTimeoutMs: 2_000, firstByteTimeoutMs: 5_000, idleTimeoutMs: 5_000 }

function listingOf (t: Test, target: SigningTarget) {
  const connection = new StoreConnection(target, timeouts)
  t.teardown(() => connection.close())
  return createBucketListing(connection)
}

async function collect (pages: AsyncIterable<ListingPage>): Promise<ListingPage[]> {
  const all: ListingPage[] = []
  for await (const page of pages) all.push(page)
  return all
}

const keysOf = (pages: ListingPage[]) => pages.flatMap(({ objects }) => objects.map(({ objectKey }) => objectKey))

const names = ['100%', 'a b', 'a+b', 'a%20b', 'a%2Bb', 'a&amp;b', '<b>"quoted"\'', 'ünïcödé', '\u{ff5e}', '\u{10348}', '文件', '..a', '=?&#']

for (const { name, skip, environment, remove } of storeKinds) {
  t.test(`listing a bucket of the ${name}`, { skip }, async (t) => {
    const variables = environment()
    const { app } = await startService(t, variables)
    t.teardown(() => remove(variables))
    const list = listingOf(t, app.storeTarget)
    const keys = names.map((file) => `odd/${file}`).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))

    t.test('an empty bucket has one page, which is the last', async (t) => {
      const pages = await collect(list({ prefix: '', startAfter: '' }))
      t.strictSame(pages.map(({ objects, isLast }) => [objects.length, isLast]), [[0, true]])
    })

    t.test('what keys begin with is told up to the first slash', async (t) => {
      const connection = new StoreConnection(app.storeTarget, timeouts)
      t.teardown(() => connection.close())
      const keys = ['one/a/b', 'one/c', 'one-more/a', 'two/a', 'none']
      for (const key of keys) await app.minio.putObject(app.storeTarget.bucket, key, '')
      const prefixesOf = async (prefix: string) => {
        const found: string[] = []
        for await (const page of createPrefixListing(connection)({ prefix })) found.push(...page)
        return found.sort()
      }
      t.strictSame(await prefixesOf(''), ['one-more/', 'one/', 'two/'])
      t.strictSame(await prefixesOf('one'), ['one-more/', 'one/'])
      t.strictSame(await prefixesOf('none'), [])
      for (const key of keys) await app.minio.removeObject(app.storeTarget.bucket, key)
    })

    t.test('keys go through whole and in order, page by page and from any key on', async (t) => {
      const startedAtMs = Date.now()
      for (const [index, objectKey] of keys.entries()) {
        await app.minio.putObject(app.storeTarget.bucket, objectKey, Buffer.alloc(index), index)
      }
      await app.minio.putObject(app.storeTarget.bucket, 'other', Buffer.alloc(1), 1)
      t.strictSame(keysOf(await collect(list({ prefix: '', startAfter: '' }))), [...keys, 'other'])
      for (const pageKeys of [1, 2, 5, keys.length]) {
        const pages = await collect(list({ prefix: 'odd/', startAfter: '', pageKeys }))
        t.strictSame(keysOf(pages), keys, `${pageKeys} on a page`)
        t.ok(pages.every(({ objects }) => objects.length <= pageKeys))
        t.strictSame(pages.map(({ isLast }) => isLast).indexOf(true), pages.length - 1)
      }
      for (const [index, startAfter] of keys.entries()) {
        t.strictSame(keysOf(await collect(list({ prefix: 'odd/', startAfter, pageKeys: 3 }))), keys.slice(index + 1))
      }
      const [page] = await collect(list({ prefix: 'odd/', startAfter: '' }))
      t.strictSame(page?.objects.map(({ sizeBytes }) => sizeBytes), keys.map((_, index) => index))
      t.match(page?.objects[0]?.entityTag, /^[0-9a-f]{32}$/)
      const observedAtMs = page?.observedAt.getTime() ?? 0
      t.ok(observedAtMs > startedAtMs - 2_000 && observedAtMs <= Date.now())
    })

    t.test('a bucket that is not there is a refusal', async (t) => {
      const elsewhere = listingOf(t, { ...app.storeTarget, bucket: 'not-there' })
      await t.rejects(collect(elsewhere({ prefix: '', startAfter: '' })), new ObjectStorageRefused('NoSuchBucket'))
    })

    t.test('an aborted listing ends with the signal\'s reason', async (t) => {
      const reason = new Error('enough')
      await t.rejects(collect(list({ prefix: '', startAfter: '', signal: AbortSignal.abort(reason) })), reason)
    })
  })
}

const real = storeKinds.find(({ name }) => name === 'real S3')

t.test('a key whose bucket has its versioning suspended is listed once, as it is now', { skip: real?.skip ?? 'there is no real store' }, async (t) => {
  const variables = real?.environment() ?? {}
  const { app: { minio, storeTarget } } = await startService(t, variables)
  const { bucket } = storeTarget
  const put = (key: string, size: number) => minio.putObject(bucket, key, Buffer.alloc(size), size)
  t.teardown(async () => {
    const versions = []
    for await (const version of minio.listObjects(bucket, '', true, { IncludeVersion: true })) versions.push(version)
    for (const { name, versionId } of versions) await minio.removeObject(bucket, name, { versionId })
    await minio.removeBucket(bucket)
  })
  const keys = ['a', 'b', 'c']
  for (const key of keys) await put(key, 1)
  await minio.setBucketVersioning(bucket, { Status: 'Enabled' })
  for (const key of keys) await put(key, 2)
  await minio.setBucketVersioning(bucket, { Status: 'Suspended' })
  for (const key of keys) await Promise.all([put(key, 3), put(key, 3)])
  await minio.removeObject(bucket, 'b')
  for (const pageKeys of [1, 2, 3, 1000]) {
    const pages = await collect(listingOf(t, storeTarget)({ prefix: '', startAfter: '', pageKeys }))
    const listed = pages.flatMap(({ objects }) => objects.map(({ objectKey, sizeBytes }) => [objectKey, sizeBytes]))
    t.strictSame(listed, [['a', 3], ['c', 3]], `${pageKeys} on a page`)
  }
})

/** A store that answers every listing request with the same listing, and says that every key has nine bytes. */
async function startStore (t: Test, keys: string[], headStatus = 200): Promise<SigningTarget> {
  const server = createServer(({ method }, response) => {
    if (method === 'HEAD') return response.writeHead(headStatus, { 'content-length': 9 }).end()
    return response.end('<ListBucketResult><IsTruncated>false</IsTruncated>' +
      keys.map((key, index) => `<Contents><Key>${key}</Key><Size>${index}</Size></Contents>`).join('') + '</ListBucketResult>')
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => new Promise((resolve) => { server.close(resolve) }))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const credentials = new FixedCredentials({ accessKey: 'access', secretKey: 'secret' })
  return { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', bucket: 'objects', credentials }
}

t.test('a store that does not URL-encode its listing is noticed', async (t) => {
  const list = listingOf(t, await startStore(t, ['100%', 'a%20b', 'a+b']))
  t.strictSame(keysOf(await collect(list({ prefix: '', startAfter: '' }))), ['100%', 'a%20b', 'a+b'])
})

t.test('a key that is listed as several files is what the store says of it alone', async (t) => {
  const list = listingOf(t, await startStore(t, ['a', 'b', 'b', 'c']))
  const [page] = await collect(list({ prefix: '', startAfter: '' }))
  t.strictSame(page?.objects.map(({ objectKey, sizeBytes }) => [objectKey, sizeBytes]), [['a', 0], ['b', 9], ['c', 3]])
})

t.test('a key that is listed as several files, which the store keeps from the service, is the first of them', async (t) => {
  const ask = async (headStatus: number) => {
    const list = listingOf(t, await startStore(t, ['a', 'b', 'b', 'c'], headStatus))
    return (await collect(list({ prefix: '', startAfter: '' }))).flatMap(({ objects }) => objects)
      .map(({ objectKey, sizeBytes }) => [objectKey, sizeBytes])
  }
  t.strictSame(await ask(403), [['a', 0], ['b', 1], ['c', 3]])
  t.strictSame(await ask(404), [['a', 0], ['c', 3]])
})

t.test('a store that lists out of order or leaves the prefix is refused', async (t) => {
  for (const keys of [['b', 'a'], ['\u{10000}', '\u{ffff}']]) {
    await t.rejects(collect(listingOf(t, await startStore(t, keys))({ prefix: '', startAfter: '' })), DisorderedListingError)
  }
  const list = listingOf(t, await startStore(t, ['b']))
  await t.rejects(collect(list({ prefix: 'a', startAfter: '' })), DisorderedListingError)
  await t.rejects(collect(list({ prefix: '', startAfter: 'b' })), DisorderedListingError)
})
