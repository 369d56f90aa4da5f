import { createHash } from 'node:crypto'
import { StoredObjects } from '../../../../embedded/s3/stored-objects.js'

/*
 * Overwrites one object endlessly, in the folder given as its argument, each time with bytes that match its metadata. It is
 * started and killed by a test. Each line of its output is the number of a version that is complete.
 */
const objects = await StoredObjects.open({ folder: process.argv[2] ?? '', bucket: 'b', region: 'r', onEvent: () => {} })
for (let version = 1; ; version++) {
  const bytes = Buffer.alloc(version % 7 * 50_000 + version, String(version))
  const file = await objects.createFile()
  for (let start = 0; start < bytes.length; start += 65_536) await file.write(bytes.subarray(start, start + 65_536))
  const etag = createHash('md5').update(bytes).digest('hex')
  objects.commit(file, { objectKey: 'overwritten', etag, headers: { 'x-amz-meta-version': String(version) } },
    { eventName: 'ObjectCreated:Put', condition: {} })
  await file.close()
  process.stdout.write(`${version}\n`)
}
