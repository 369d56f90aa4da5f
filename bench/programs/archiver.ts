/*
 * What a service built on the package `archiver` would do: sends files as a ZIP archive without compression. The argument names
 * a file with their pre-signed URLs, one on each line. It supports neither a length nor ranges.
 */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import archiver from 'archiver'
import { request } from 'undici'

const [list] = process.argv.slice(2)
if (list === undefined) throw new Error('Usage: LIST')

const server = createServer(async (_message, response) => {
  const archive = archiver('zip', { store: true })
  archive.pipe(response)
  const urls = (await readFile(list, 'utf8')).trim().split('\n')
  for (const [index, url] of urls.entries()) {
    const { body } = await request(url)
    const added = new Promise((resolve) => { archive.once('entry', resolve) })
    archive.append(body, { name: String(index) })
    await added
  }
  await archive.finalize()
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`Server listening at http://127.0.0.1:${address.port}`)
})
process.once('SIGTERM', () => { process.exit() })
