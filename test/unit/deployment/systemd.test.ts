import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { ConfigSchema } from '../../../config.js'

const run = promisify(execFile)
const unit = new URL('../../../deploy/systemd/objects-storage.service', import.meta.url)

t.test('the unit sets the service\'s own settings, and every credential that it loads', async (t) => {
  const text = await readFile(unit, 'utf8')
  const assignments = [...text.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = '']) => line.split(' ')).map((pair) => pair.split('='))
  for (const [name = ''] of assignments) t.ok(Object.hasOwn(ConfigSchema.properties, name), name)
  const loaded = [...text.matchAll(/^LoadCredential=(\w+):/gm)].map(([, name]) => name)
  t.ok(loaded.length > 0)
  t.strictSame(assignments.filter(([, value]) => value?.startsWith('%d/')), loaded.map((name) => [`${name}_FILE`, `%d/${name}`]))
})

const hasSystemd = await run('systemd-analyze', ['--version']).then(() => true, () => false)
t.test('systemd accepts the unit', { skip: hasSystemd ? false : 'there is no systemd-analyze here' }, async (t) => {
  t.strictSame(await run('systemd-analyze', ['verify', fileURLToPath(unit)]), { stdout: '', stderr: '' })
})
