import { Client } from 'minio'
import t, { type Test } from 'tap'
import { StoreConnection } from '../../../store/connection.js'
import { FixedCredentials } from '../../../store/credentials.js'
import { MultipartUploads, type StoreUpload } from '../../../store/multipart-uploads.js'
import { storeKinds } from '../../support/stores.js'

const keys = ['a.z', 'a-b/c', 'a/x', 'a/x', 'a/x', 'a/x.y', 'a/x/z', 'a/ü %25+&<>\'"', 'b/1']

/** Creates the bucket if need be; returns clients for all its uploads, and for those below `a/`. */
async function connect (
  t: Pick<Test, 'teardown'>, environment: Record<string, string>,
): Promise<[MultipartUploads, MultipartUploads]> {
  const { S3_ENDPOINT: endpoint = '', S3_BUCKET: bucket = '', S3_ACCESS_KEY: accessKey = '', S3_SECRET_KEY: secretKey = '' } = environment
  const { hostname: endPoint, port } = new URL(endpoint)
  const client = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey, region: 'us-east-1', pathStyle: true })
  if (!await client.bucketExists(bucket)) await client.makeBucket(bucket)
  const target = { endpoint, bucket, region: 'us-east-1', credentials: new FixedCredentials({ accessKey, secretKey }) }
  const timeouts = { connectTimeoutMs: 10_000, firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000 }
  const open = (keyPrefix: string) => {
    const connection = new StoreConnection({ ...target, keyPrefix }, timeouts)
    t.teardown(() => connection.close())
    return new MultipartUploads(connection)
  }
  return [open(''), open('a/')]
}

for (const kind of storeKinds) {
  t.test(`unfinished uploads in the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const { environment, close } = await kind.open()
    t.teardown(close)
    // It refuses the markers that it has returned itself.
    const isVersitygw = kind.name !== 'embedded store' && process.env.TEST_VERSITYGW !== undefined
    const [multipart, prefixed] = await connect(t, environment)
    const begun: StoreUpload[] = []
    for (const objectKey of keys) begun.push({ objectKey, storeUploadId: await multipart.initiate(objectKey, 'text/plain') })
    const nameOf = ({ objectKey, storeUploadId }: StoreUpload) => `${objectKey} ${storeUploadId}`
    const listed = async (prefix: string, pageUploads = 1_000) => {
      const pages = []
      for await (const { uploads } of multipart.list({ prefix, pageUploads })) pages.push(uploads)
      return pages
    }

    t.test('are listed with their ids and times, those whose keys begin with a prefix', async (t) => {
      const wholly = (await listed('')).flat()
      t.strictSame(wholly.map(nameOf).sort(), begun.map(nameOf).sort())
      t.ok(wholly.every(({ beganAt }) => Math.abs(beganAt.getTime() - Date.now()) < 600_000))
      for (const prefix of ['a/', 'a/x', 'a', 'c', 'a/ü %25+&<']) {
        const expected = begun.filter(({ objectKey }) => objectKey.startsWith(prefix))
        t.strictSame((await listed(prefix)).flat().map(nameOf).sort(), expected.map(nameOf).sort(), prefix)
      }
    })

    t.test('are listed once each, whatever the size of a page', async (t) => {
      for (const pageUploads of [1, 2, 4]) {
        const pages = await listed('a', pageUploads)
        t.ok(pages.every((uploads) => uploads.length <= pageUploads))
        const found = pages.flat().map(nameOf)
        t.equal(new Set(found).size, found.length)
        const foundKeys = new Set(pages.flat().map(({ objectKey }) => objectKey))
        t.strictSame([...foundKeys].sort(), [...new Set(keys)].filter((key) => key.startsWith('a')).sort())
        if (!isVersitygw) t.equal(found.length, keys.length - 1)
      }
    })

    t.test('are those below the service\'s own prefix', async (t) => {
      const names = []
      for await (const { uploads } of prefixed.list({ prefix: 'x', pageUploads: 2 })) names.push(...uploads)
      t.strictSame([...new Set(names.map(({ objectKey }) => objectKey))].sort(), ['x', 'x.y', 'x/z'])
    })

    t.test('may be aborted while they are listed', async (t) => {
      const aborted = []
      for await (const { uploads } of multipart.list({ prefix: '', pageUploads: 3 })) {
        for (const upload of uploads) await multipart.abort(upload)
        aborted.push(...uploads)
      }
      if (!isVersitygw) t.strictSame(aborted.map(nameOf).sort(), begun.map(nameOf).sort())
      for (const upload of (await listed('')).flat()) await multipart.abort(upload)
      t.strictSame(await listed(''), [[]])
    })
  })
}
