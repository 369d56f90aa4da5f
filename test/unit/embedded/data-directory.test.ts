import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { DataDirectoryInUseError, claimDataDirectory } from '../../../embedded/data-directory.js'

async function startOther (): Promise<{ processId: number, kill: () => Promise<void> }> {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(other, 'spawn')
  return {
    processId: other.pid ?? 0,
    kill: async () => {
      other.kill('SIGKILL')
      await once(other, 'exit')
    },
  }
}

t.test('a data directory belongs to one living process', async (t) => {
  const directory = t.testdir()
  const file = join(directory, 'process-id')
  const other = await startOther()
  writeFileSync(file, String(other.processId))
  t.throws(() => claimDataDirectory(directory), DataDirectoryInUseError)
  t.throws(() => claimDataDirectory(directory), { message: new RegExp(`process ${other.processId}:`) })
  await other.kill()
  claimDataDirectory(directory)
  t.equal(readFileSync(file, 'utf8'), String(process.pid), 'a process that was killed has no claim')
})

t.test('a directory that is given up can be claimed again, and is made where it is not there', async (t) => {
  const directory = join(t.testdir(), 'not', 'there')
  claimDataDirectory(directory)()
  claimDataDirectory(directory)()
})

t.test('a claim of this process\'s own number, or one that was never written, is left from before', async (t) => {
  const directory = t.testdir({ 'process-id': String(process.pid) })
  claimDataDirectory(directory)()
  writeFileSync(join(directory, 'process-id'), '')
  claimDataDirectory(directory)()
})
