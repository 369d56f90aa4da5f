/*
 * A client in its own process: reads URLs from standard input, one on each line, fetches them one after the other over one
 * connection, and prints the milliseconds to the first byte of the first, and the overall megabytes per second. For
 * archives.ts. Argument: a bearer token, if one is needed.
 */
import { createInterface } from 'node:readline'
import { Client } from 'undici'

const [token] = process.argv.slice(2)
const urls: string[] = []
for await (const line of createInterface({ input: process.stdin })) urls.push(line)
const { origin } = new URL(urls[0] ?? '')
const client = new Client(origin)
const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }

const startedAt = performance.now()
let firstByteMs = 0
let bytes = 0
for (const url of urls) {
  const { statusCode, body } = await client.request({ method: 'GET', path: url.slice(origin.length), headers })
  if (statusCode !== 200) throw new Error(`The answer is ${statusCode}: ${await body.text()}`)
  for await (const chunk of body) {
    if (bytes === 0) firstByteMs = performance.now() - startedAt
    bytes += chunk.length
  }
}
console.log(firstByteMs, bytes / 1_000 / (performance.now() - startedAt))
await client.close()
