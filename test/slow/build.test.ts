import { execFile } from 'node:child_process'
import { appendFile, cp, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { rooms } from '../../eslint.rooms.js'

const run = promisify(execFile)
// The project itself, even if this is compiled to another folder, with links to its files.
const root = dirname(await realpath(new URL('../../package.json', import.meta.url)))

t.test('what has not changed is not built again, and what has is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-storage-build-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const files = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name)
  const isSource = (path: string) => !path.endsWith('/dist')
  for (const name of [...files, ...Object.keys(rooms)]) {
    await cp(join(root, name), join(folder, name), { recursive: true, filter: isSource })
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))

  const build = async () => (await run(process.execPath, ['build.js'], { cwd: folder })).stderr
  const built = /^Building the service, since it is new or has changed …\nBuilt in [\d.]+ s\.\n$/
  t.match(await build(), built)
  t.equal(await build(), '')
  await appendFile(join(folder, 'routes/health/live.ts'), '\n// changed\n')
  t.match(await build(), built, 'a source has changed')
  await rm(join(folder, 'dist/server.js'))
  t.match(await build(), built, 'a part of what was built is gone')
  // If nothing is to be built, nothing that builds is needed.
  await rm(join(folder, 'node_modules'))
  t.equal(await build(), '')
})
