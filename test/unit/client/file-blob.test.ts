import { appendFile, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { FileBlob } from '../../../client/file-blob.js'

t.test('a file of more than 2 GiB is read where a slice is, and not once it has changed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const location = join(folder, 'sparse')
  const sizeBytes = 5 * 1024 ** 3 + 7
  const handle = await open(location, 'w')
  await handle.write(Buffer.from('begin'), 0, null, 0)
  await handle.write(Buffer.from('the end'), 0, null, sizeBytes - 7)
  await handle.close()
  const { mtimeMs: modifiedMs } = await stat(location)
  const blob = new FileBlob({ location, sizeBytes, modifiedMs })

  t.ok(blob instanceof Blob)
  t.equal(blob.size, sizeBytes)
  t.equal(await blob.slice(0, 5).text(), 'begin')
  t.equal(await blob.slice(1, 100).slice(1, 4).text(), 'gin')
  t.equal(await blob.slice(sizeBytes - 3).text(), 'end')
  t.equal(await blob.slice(sizeBytes - 3, sizeBytes + 10).text(), 'end')
  t.equal(await blob.slice(sizeBytes + 1).text(), '')
  t.equal((await blob.slice(70_000, 270_000).arrayBuffer()).byteLength, 200_000)
  const reader = blob.stream().getReader()
  t.equal(Buffer.from((await reader.read()).value).toString('latin1', 0, 5), 'begin')
  await reader.cancel()

  await appendFile(location, '!')
  await t.rejects(blob.slice(0, 5).text())
})
