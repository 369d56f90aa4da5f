import { chmod, lstat, mkdir, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { linkLibraries } from '../../../../embedded/postgres/library-links.js'

async function makePackage (t: Test): Promise<string> {
  const folder = join(t.testdir(), 'native')
  await mkdir(join(folder, 'lib'), { recursive: true })
  await writeFile(join(folder, 'lib/libpq.so.5.18'), '')
  await writeFile(join(folder, 'pg-symlinks.json'), JSON.stringify(['libpq.so', 'libpq.so.5'].map((name) =>
    ({ source: 'native/lib/libpq.so.5.18', target: `native/lib/${name}` }))))
  return folder
}

t.test('links that the package\'s script has not created are created, and others stay', async (t) => {
  const folder = await makePackage(t)
  await symlink('elsewhere', join(folder, 'lib/libpq.so'))
  t.equal(linkLibraries(folder), true)
  t.equal(await readlink(join(folder, 'lib/libpq.so')), 'elsewhere')
  t.equal(await readlink(join(folder, 'lib/libpq.so.5')), 'libpq.so.5.18')
  t.equal(linkLibraries(folder), true)
})

t.test('a package without links needs none', async (t) => {
  t.equal(linkLibraries(t.testdir()), true)
})

t.test('links that this user may not create are missed', {
  skip: process.geteuid?.() === 0 && 'root may create them everywhere',
}, async (t) => {
  const folder = await makePackage(t)
  await chmod(join(folder, 'lib'), 0o555)
  t.equal(linkLibraries(folder), false)
  await t.rejects(lstat(join(folder, 'lib/libpq.so.5')))
  await chmod(join(folder, 'lib'), 0o755)
  t.equal(linkLibraries(folder), true)
})
