/*
 * A load generator in its own process: reads URLs from standard input, one on each line, requests each once, with a number of
 * concurrent clients over keep-alive connections, and prints the requests per second. For redirects.ts. Arguments: method,
 * concurrency, expected status.
 */
import { createInterface } from 'node:readline'
import { Pool } from 'undici'

const [method, concurrency, expectedStatus] = process.argv.slice(2)
if ((method !== 'GET' && method !== 'HEAD') || concurrency === undefined) throw new Error('Usage: GET|HEAD CONCURRENCY STATUS')
const urls: string[] = []
for await (const line of createInterface({ input: process.stdin })) urls.push(line)
const { origin } = new URL(urls[0] ?? '')
const pool = new Pool(origin, { connections: Number(concurrency) })
const paths = urls.map((url) => url.slice(origin.length))

const startedAt = performance.now()
await Promise.all(Array.from({ length: Number(concurrency) }, async () => {
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    // By default, undici closes the connection after every HEAD.
    const { statusCode, body } = await pool.request({ method, path, reset: false })
    if (statusCode !== Number(expectedStatus)) throw new Error(`The answer is ${statusCode}.`)
    await body.dump()
  }
}))
console.log(urls.length / (performance.now() - startedAt) * 1000)
await pool.close()
