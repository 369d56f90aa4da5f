import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { compileCommands } from '../../../support/command-process.js'
import { makeFolder } from '../../../support/embedded-folder.js'
import { startServiceProcess } from '../../../support/service-process.js'

const CHECK_INTERVAL_MS = 20

async function hasEnded (processId: number): Promise<void> {
  try {
    for (;;) {
      process.kill(processId, 0)
      await setTimeout(CHECK_INTERVAL_MS)
    }
  } catch {
    // There is no such process any more.
  }
}

t.test('the embedded database ends with a service that is killed, and continues with the next one', async (t) => {
  const commands = await compileCommands(t)
  const DATA_DIR = join(await makeFolder(t), 'data')
  const databaseProcess = async () => Number.parseInt(await readFile(join(DATA_DIR, 'database/postmaster.pid'), 'utf8'), 10)

  const first = await startServiceProcess(t, commands, { DATA_DIR })
  await first.logged('What the demo organisation stores')
  const firstDatabase = await databaseProcess()
  first.child.kill('SIGKILL')
  await first.exited
  await hasEnded(firstDatabase)

  const second = await startServiceProcess(t, commands, { DATA_DIR })
  await second.logged('What the demo organisation stores')
  const secondDatabase = await databaseProcess()
  t.not(secondDatabase, firstDatabase)
  const traffic = await commands.run('demo-traffic', ['--seconds', '1'], { DATA_DIR })
  t.strictSame([traffic.exitCode, traffic.errors], [0, ''])
  second.child.kill('SIGTERM')
  t.equal(await second.exited, 0)
  await hasEnded(secondDatabase)
})
