import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { localNamesOf, prepareTarget } from '../../../transfer/target-path.js'

t.test('only paths that stay below a folder have names', async (t) => {
  for (const path of ['', '/', '/etc/passwd', '..', '../a', 'a/../../b', 'a/..', './a', 'a//b', 'a/', 'a\0b', 'a\nb', 'x'.repeat(256)]) {
    for (const platform of ['linux', 'win32'] as const) t.throws(() => localNamesOf(path, platform), { name: 'TransferError' }, JSON.stringify(path))
  }
  t.strictSame(localNamesOf('outputs/...a/b..', 'linux'), ['outputs', '...a', 'b..'])
})

t.test('on Windows, names that mean something else there are refused', async (t) => {
  const names = [
    'CON', 'con', 'nul.txt', 'COM1', 'lpt9.tar.gz', 'COM¹', 'CONIN$', 'C:', 'C:\\x', 'a\\..\\b', 'file:stream', 'a.', 'a ', 'a?', 'a*', 'a|b', '<a', '"',
  ]
  for (const name of names) {
    t.throws(() => localNamesOf(`outputs/${name}`, 'win32'), { name: 'TransferError' }, name)
    t.throws(() => localNamesOf(`outputs/${name}/a`, 'win32'), { name: 'TransferError' }, name)
    t.strictSame(localNamesOf(`outputs/${name}`, 'linux'), ['outputs', name])
  }
  for (const name of ['CONTRACT', 'com10', 'nula.txt', 'a.con', '.a', 'größe']) t.strictSame(localNamesOf(name, 'win32'), [name])
})

t.test('folders are made inside the folder, and links that lead out of it are not followed', async (t) => {
  const outside = await realpath(await mkdtemp(join(tmpdir(), 'objects-storage-test-')))
  t.teardown(() => rm(outside, { recursive: true, force: true }))
  const root = join(outside, 'root')
  await mkdir(join(root, 'real'), { recursive: true })
  await mkdir(join(outside, 'root-2'))
  await symlink(outside, join(root, 'out'))
  await symlink(join(outside, 'root-2'), join(root, 'beside'))
  await symlink(join(root, 'real'), join(root, 'alias'))
  await symlink('nowhere', join(root, 'broken'))
  await writeFile(join(root, 'file'), '')

  t.equal(await prepareTarget(root, ['a', 'b', 'c.txt']), join(root, 'a', 'b', 'c.txt'))
  t.equal(await prepareTarget(root, ['alias', 'x', 'c.txt']), join(root, 'real', 'x', 'c.txt'))
  for (const names of [['out', 'c.txt'], ['out', 'new', 'c.txt'], ['beside', 'c.txt'], ['broken', 'c.txt'], ['file', 'c.txt']]) {
    await t.rejects(prepareTarget(root, names), /leads out of|a file where a folder|ENOENT/, names.join('/'))
  }
  t.strictSame((await readdir(outside)).sort(), ['root', 'root-2'])
  t.strictSame(await readdir(join(outside, 'root-2')), [])
})
