import { mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { UploadRecords, stateFolderOf } from '../../../transfer/upload-records.js'

const file = { location: '/data/a.bin', path: 'a.bin', sizeBytes: 7, modifiedMs: 1_700_000_000_000.5 }
const stored = { objectKey: 'key', sizeBytes: 7, downloadUrl: 'https://files.example.com/' }

t.test('a record is of one command, and of a file as it was', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const records = await UploadRecords.open(folder, ['here', 'there'])
  t.equal(await records.read(file), undefined)
  await records.write(file, { file: stored })
  t.strictSame(await (await UploadRecords.open(folder, ['here', 'there'])).read(file), { file: stored })
  t.equal(await (await UploadRecords.open(folder, ['here', 'elsewhere'])).read(file), undefined)
  for (const change of [{ sizeBytes: 8 }, { modifiedMs: file.modifiedMs + 0.5 }, { path: 'b.bin' }, { location: '/data/b.bin' }]) {
    t.equal(await records.read({ ...file, ...change }), undefined, JSON.stringify(change))
  }
  const [, command = ''] = (await readdir(join(folder, 'uploads'))).sort((one, other) => one < other ? -1 : 1)
  t.equal((await stat(join(folder, 'uploads', command))).mode & 0o777, 0o700)
  await records.remove(file)
  t.equal(await records.read(file), undefined)
})

t.test('a command that has done its work is forgotten, and so is one of a month ago', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const old = await UploadRecords.open(folder, ['old'])
  await old.write(file, { file: stored })
  const [name = ''] = await readdir(join(folder, 'uploads'))
  await utimes(join(folder, 'uploads', name), 0, 0)
  const records = await UploadRecords.open(folder, ['new'])
  t.equal(await old.read(file), undefined)
  await records.write(file, { file: stored })
  await records.forget()
  t.strictSame(await readdir(join(folder, 'uploads')), [])
})

t.test('state is kept where the system has it', async (t) => {
  t.equal(stateFolderOf({ XDG_STATE_HOME: '/state' }, '/home/me'), '/state/objects-storage')
  t.equal(stateFolderOf({ XDG_STATE_HOME: 'relative' }, '/home/me'), '/home/me/.local/state/objects-storage')
  t.equal(stateFolderOf({}, '/home/me'), '/home/me/.local/state/objects-storage')
})
