import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { StoredObjects } from '../../../../embedded/s3/stored-objects.js'
import { makeFolder } from '../../../support/test-store.js'

const writer = fileURLToPath(new URL('overwrite-until-killed.ts', import.meta.url))

t.test('after a kill an object is one complete version, bytes and metadata, and no older than was confirmed', async (t) => {
  const folder = await makeFolder(t)
  // Different numbers of versions before each kill, so that the kills hit the following version at different moments.
  for (const versions of [1, 6, 17]) {
    const child = spawn(process.execPath, ['--import', './typescript.js', writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    let confirmed = 0
    lines.on('line', (line) => {
      confirmed = Number(line)
      if (confirmed === versions) child.kill('SIGKILL')
    })
    const [[, signal]] = await Promise.all([once(child, 'exit'), once(lines, 'close')])
    t.equal(signal, 'SIGKILL')

    const objects = await StoredObjects.open({ folder, bucket: 'b', region: 'r', onEvent: () => {} })
    const file = objects.openObject('overwritten')
    const { etag, headers } = file.metadata
    t.ok(Number(headers['x-amz-meta-version']) >= confirmed, `version ${headers['x-amz-meta-version']} after ${confirmed}`)
    const bytes = await buffer(file.stream(0, file.sizeBytes - 1))
    t.equal(createHash('md5').update(bytes).digest('hex'), etag)
    t.match(objects.index.get('overwritten'), { etag, sizeBytes: bytes.length })
    t.strictSame(await readdir(join(folder, 'temporary')), [])
  }
})
