import { sql } from 'kysely'
import t from 'tap'
import { connectEmbeddedPostgres } from '../../../embedded/postgres/pool.js'
import { startListingServer } from '../../support/listing-server.js'
import { compileCommands } from '../../support/command-process.js'
import { TOKEN_SECRET } from '../../support/service.js'

const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const keyOf = (index: number, user = 3) =>
  `acme/workflows/${id(1)}/runs/${id(2)}/users/${id(user)}/${index % 2 === 0 ? 'inputs' : 'outputs'}/AAAAAAAAAAAAAAAAAAAAA${index}/a.csv`

t.test('explain puts sums, rows and bucket side by side and names the keys that differ', async (t) => {
  const commands = await compileCommands(t)
  const store = await startListingServer(t, [keyOf(0), keyOf(1), keyOf(2), keyOf(3, 4)].sort())
  const directory = t.testdir()
  const environment = { ...store.environment, DATA_DIR: directory, JWT_SECRET: TOKEN_SECRET }
  await commands.run('reconcile', [], environment)
  const agreed = await commands.run('explain', ['--org', 'acme'], environment)
  t.match(agreed, { exitCode: 0, output: /kept sums +2 in 2 +2 in 2 +4 in 4\nsums of runs +2 in 2 +2 in 2 +4 in 4\nsum over rows +2 in 2 +2 in 2 +4 in 4\nbucket +2 in 2 +2 in 2 +4 in 4\nAll four agree\./ })

  const database = connectEmbeddedPostgres<unknown>(`${directory}/database`)
  await sql`delete from objects where object_key = ${keyOf(0)}`.execute(database)
  await sql`update objects set size_bytes = 7 where object_key = ${keyOf(1)}`.execute(database)
  await database.destroy()
  const differing = await commands.run('explain', ['--org', 'acme', '--user', id(3), '--json', '--reveal-keys'], environment)
  t.equal(differing.exitCode, 1, differing.errors)
  t.strictSame(JSON.parse(differing.output), {
    orgKey: 'acme',
    createdBy: id(3),
    agrees: false,
    kept: { inputs: { files: '2', bytes: '2' }, outputs: { files: '1', bytes: '1' }, total: { files: '3', bytes: '3' } },
    runs: { inputs: { files: '2', bytes: '2' }, outputs: { files: '1', bytes: '1' }, total: { files: '3', bytes: '3' } },
    rows: { inputs: { files: '1', bytes: '1' }, outputs: { files: '1', bytes: '7' }, total: { files: '2', bytes: '8' } },
    bucket: { inputs: { files: '2', bytes: '2' }, outputs: { files: '1', bytes: '1' }, total: { files: '3', bytes: '3' } },
    differenceCount: 2,
    differences: [
      { key: keyOf(0), storedBytes: 1, countedBytes: null },
      { key: keyOf(1), storedBytes: 1, countedBytes: '7' },
    ],
  })
  const hidden = await commands.run('explain', ['--org', 'acme', '--workflow', id(1), '--limit', '1'], environment)
  t.match(hidden.output, /2 keys differ:\n {2}sha256:[0-9a-f]{16} {2}1 bytes in the bucket, not counted\n {2}…/)
  t.notMatch(hidden.output, keyOf(0))
  t.equal((await commands.run('explain', [], environment)).exitCode, 2)
})
