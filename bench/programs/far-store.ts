/*
 * A store that is far away: answers listings of synthetic objects, each after a delay, with hardly any work of its own. OBJECTS
 * is their number, DELAY_MS the delay. For reconcile.ts.
 */
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { objectKeyAt } from '../cases/listed-keys.js'

const { OBJECTS = '', DELAY_MS = '' } = process.env
const keys = Array.from({ length: Number(OBJECTS) }, (_, index) => objectKeyAt(index))
/** Objects of one byte each, an `x`. */
const entries = keys.map((key) => `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
  '<ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>')

/** The first index whose key passes a test; all keys after it must pass, too. */
function firstIndex (test: (key: string) => boolean): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (test(keys[middle] ?? '')) high = middle
    else low = middle + 1
  }
  return low
}

const server = createServer(async (request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://store')
  await setTimeout(Number(DELAY_MS))
  const prefix = searchParams.get('prefix') ?? ''
  const after = searchParams.get('continuation-token') ?? searchParams.get('start-after') ?? ''
  const from = firstIndex((key) => key > after && key >= prefix)
  const end = firstIndex((key) => key > prefix && !key.startsWith(prefix))
  const to = Math.min(end, from + Number(searchParams.get('max-keys') ?? 1000))
  response.end('<ListBucketResult><EncodingType>url</EncodingType>' +
    (to < end ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${keys[to - 1]}</NextContinuationToken>` : '<IsTruncated>false</IsTruncated>') +
    `${entries.slice(from, to).join('')}</ListBucketResult>`)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`listening at http://127.0.0.1:${address.port}`)
})
process.once('SIGTERM', () => { process.exit() })
