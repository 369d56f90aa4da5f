import t from 'tap'
import { DEMO_ADMIN, DEMO_ORG_KEY } from '../../../embedded/demo/organisation.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { compileCommands } from '../../support/command-process.js'
import { TOKEN_SECRET, colleague, runId, startService, workflowId } from '../../support/service.js'

t.test('ls walks from workflows to files, each page of them', async (t) => {
  const commands = await compileCommands(t)
  const { app, authorise } = await startService(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const eventTime = new Date(Date.now() - 60_000)
  const keyOf = (path: string, run = runId, createdBy = DEMO_ADMIN) =>
    mintObjectKey({ orgKey: DEMO_ORG_KEY, workflowId, runId: run, createdBy, direction: 'outputs', path })
  const otherRun = '0b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3'
  await catalogueFiles(app.database, [
    ...Array.from({ length: 150 }, (_, index) => ({ objectKey: keyOf(`logs/${1000 + index}.txt`), sizeBytes: 2, eventTime })),
    { objectKey: keyOf('größe.txt'), sizeBytes: 7, eventTime },
    { objectKey: keyOf('f', otherRun, colleague.userId), sizeBytes: 1 },
  ])
  const ls = async (...options: string[]) => {
    const { exitCode, output, errors } = await commands.run('ls', ['--url', url, ...options], { JWT_SECRET: TOKEN_SECRET })
    t.strictSame({ exitCode, errors }, { exitCode: 0, errors: '' })
    return output.trimEnd().split('\n')
  }
  const columns = (line = '') => line.trim().split(/ {2,}/)
  const time = eventTime.toISOString()

  t.strictSame((await ls()).map(columns), [['308', '152', time, workflowId]])
  t.strictSame((await ls(workflowId)).map(columns), [['307', '151', time, runId], ['1', '1', '-', otherRun]]
    .toSorted(([, , one = ''], [, , other = '']) => one === '-' ? -1 : other === '-' ? 1 : 0).toReversed())
  t.strictSame((await ls(workflowId, runId)).map(columns), [['300', '150', '-', 'logs/'], ['7', '1', time, 'größe.txt']])
  const files = await ls(workflowId, runId, 'logs/', '--json')
  t.strictSame(files.map((line) => JSON.parse(line).path), Array.from({ length: 150 }, (_, index) => `logs/${1000 + index}.txt`))
  const token = authorise({ ...colleague, orgKey: DEMO_ORG_KEY }).authorization.replace('Bearer ', '')
  t.strictSame((await ls('--token', token)).map(columns), [['1', '1', '-', workflowId]])
})

t.test('ls says in one line why it could not', async (t) => {
  const commands = await compileCommands(t)
  const environment = { JWT_SECRET: TOKEN_SECRET }
  for (const [options, message] of [
    [['--url', 'x'], /^--url must be an address/],
    [['a', 'b', 'c', 'd'], /^There are at most three arguments/],
    [['--url', 'http://127.0.0.1:1'], /the service does not answer/],
  ] as const) {
    const { exitCode, output, errors } = await commands.run('ls', [...options], environment)
    t.strictSame({ exitCode, output, lines: errors.trim().split('\n').length }, { exitCode: 2, output: '', lines: 1 })
    t.match(errors, message)
  }
  t.match(await commands.run('ls', ['--help'], {}), { exitCode: 0, output: /npm run --silent ls/ })
})
