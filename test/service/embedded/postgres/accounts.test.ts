import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, chown, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { accountFor, give } from '../../../../embedded/postgres/account.js'
import { linkLibraries } from '../../../../embedded/postgres/library-links.js'
import { findPackage } from '../../../../embedded/postgres/package.js'
import { preparePrograms } from '../../../../embedded/postgres/programs.js'
import { startProgram } from '../../../../embedded/postgres/run-program.js'
import { PostgresServer } from '../../../../embedded/postgres/server.js'
import { makeFolder } from '../../../support/embedded-folder.js'
import { createEmbeddedDirectory } from '../../../support/embedded-template.js'

const run = promisify(execFile)
const skip = process.geteuid?.() !== 0 && 'only root can be another user'
const nobody = { uid: 65_534, gid: 65_534 }
const someone = { uid: 12_345, gid: 12_346 }

t.test('whoever is not root runs PostgreSQL as themselves', { skip: skip === false && 'this is root' }, async (t) => {
  t.equal(await accountFor(await makeFolder(t)), undefined)
})

t.test('root runs PostgreSQL as the owner of the data, of the folder it will be in, or as nobody', { skip }, async (t) => {
  const folder = await makeFolder(t)
  const directory = join(folder, 'database')
  t.strictSame(await accountFor(directory), nobody)
  await chown(folder, someone.uid, someone.gid)
  t.strictSame(await accountFor(directory), someone)
  await mkdir(directory)
  t.strictSame(await accountFor(directory), nobody)
  await chown(directory, someone.uid, someone.gid)
  t.strictSame(await accountFor(directory), someone)
})

t.test('root\'s database works in a folder that nobody else may enter', { skip }, async (t) => {
  const folder = await makeFolder(t)
  await chmod(folder, 0o700)
  const directory = join(folder, 'database')
  const server = new PostgresServer(directory, { settings: { fsync: 'off' } })
  t.teardown(() => server.stop())
  await server.start()
  t.match(await stat(directory), nobody)
  await server.stop()
})

t.test('data that was copied by root is given to the account', { skip }, async (t) => {
  const directory = join(await makeFolder(t), 'database')
  await createEmbeddedDirectory(directory)
  await run('chown', ['-R', '0:0', directory])
  const server = new PostgresServer(directory)
  t.teardown(() => server.stop())
  await server.start()
  t.match(await stat(join(directory, 'global/pg_control')), nobody)
})

t.test('why data cannot be given to the account is told', async (t) => {
  await t.rejects(give(join(await makeFolder(t), 'missing'), nobody), {
    name: 'EmbeddedDatabaseError',
    message: /could not be given to another user \(ENOENT\): run the service as a user who may write DATA_DIR\. DATABASE_URL /,
  })
})

t.test('programs that the account cannot get to are copied once to where it can', { skip }, async (t) => {
  const { folder } = findPackage()
  const closed = await makeFolder(t)
  await chmod(closed, 0o700)
  await run('cp', ['-R', folder, closed])
  const source = { folder: join(closed, 'native'), version: `test-${randomUUID()}` }
  const copy = await preparePrograms(nobody, source)
  t.teardown(() => rm(copy, { recursive: true, force: true }))
  t.equal(dirname(copy), tmpdir())
  t.equal((await stat(copy)).mode & 0o777, 0o755)
  const { ino } = await stat(copy)
  t.equal(await preparePrograms(nobody, source), copy)
  t.equal((await stat(copy)).ino, ino, 'it is not copied again')
  await rm(join(copy, 'lib/libpq.so.5'), { force: true })
  await rm(join(copy, 'share/postgresql/postgres.bki'))
  t.equal(await preparePrograms(nobody, source), copy)
  t.not((await stat(copy)).ino, ino, 'a copy that is not whole is replaced')
  await chmod(copy, 0o777)
  const replaced = (await stat(copy)).ino
  await preparePrograms(nobody, source)
  t.not((await stat(copy)).ino, replaced, 'one that others may have changed is not used')
})

t.test('programs that can be run where they are stay there', {
  skip: !linkLibraries(findPackage().folder) && 'their package is incomplete, and this user may not complete it',
}, async (t) => {
  const source = findPackage()
  t.equal(await preparePrograms(undefined, source), source.folder)
})

t.test('why programs cannot be run here is told', async (t) => {
  const folder = await makeFolder(t)
  await mkdir(join(folder, 'bin'))
  const cluster = { directory: folder, programs: folder, account: undefined }
  await t.rejects(startProgram(cluster, 'postgres', [], 'ignore'), { message: /: .+bin\/postgres cannot be run \(ENOENT\)\. / })
  await writeFile(join(folder, 'bin/postgres'), '')
  await t.rejects(startProgram(cluster, 'postgres', [], 'ignore'), { message: /: .+bin\/postgres cannot be run \(EACCES\)\. / })
  // As for a program whose loader is missing.
  await writeFile(join(folder, 'bin/postgres'), '#!/lib64/ld-linux-of-another-system.so.2\n', { mode: 0o755 })
  await chmod(join(folder, 'bin/postgres'), 0o755)
  await t.rejects(startProgram(cluster, 'postgres', [], 'ignore'), { message: /need the GNU C library.+Alpine Linux/ })
})
