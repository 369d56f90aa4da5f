import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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
  t.equal(readFileSync(file, 'utf8').split('\n')[0], String(process.pid), 'a process that was killed has no claim')
})

t.test('a process id that another process has by now is not a claim', { skip: process.platform === 'win32' && 'it is not told there' }, async (t) => {
  const directory = t.testdir()
  const file = join(directory, 'process-id')
  claimDataDirectory(directory)
  const [, startedAt = ''] = readFileSync(file, 'utf8').split('\n')
  t.not(startedAt, '')
  const stranger = await startOther()
  t.teardown(stranger.kill)
  writeFileSync(file, `${stranger.processId}\n${startedAt}`)
  claimDataDirectory(directory)
  t.equal(readFileSync(file, 'utf8'), `${process.pid}\n${startedAt}`)
})

for (const [wrong, make, message] of [
  ['a file', (folder: string) => { writeFileSync(folder, '') }, /^DATA_DIR: .*data is not a folder/],
  ['below a file', (folder: string) => { writeFileSync(join(folder, '..', 'file'), '') }, /^DATA_DIR: .*file\/data is not a folder/],
  ['a folder of something else', (folder: string) => {
    mkdirSync(join(folder, 'database'), { recursive: true })
    writeFileSync(join(folder, 'database', 'notes.txt'), 'mine')
  }, /^DATA_DIR: the folder .*database holds something else/],
  ['nowhere to be written', () => {}, /^DATA_DIR: (this user may not write|.*cannot be )/],
] as const) {
  t.test(`a data directory that is ${wrong} is refused in one line that names the setting`, async (t) => {
    const base = t.testdir()
    make(join(base, 'data'))
    const directory = wrong === 'below a file' ? join(base, 'file', 'data') : wrong.startsWith('nowhere') ? '/sys/objects' : join(base, 'data')
    t.throws(() => claimDataDirectory(directory), { name: 'DataDirectoryUnusableError', message })
    t.throws(() => claimDataDirectory(directory), { message: /^[^\n]*$/ })
  })
}

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
