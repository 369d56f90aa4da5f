import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { ensureEmbeddedSecrets } from '../../../embedded/secrets.js'
import { compileCommands } from '../../support/command-process.js'
import { startIdentityService } from '../../support/identity-service.js'
import { TOKEN_SECRET, member, startService } from '../../support/service.js'

const commands = await compileCommands(t)
const mint = async (options: string[], environment: Record<string, string>) => await commands.run('token', options, environment)
const some = ['--role', 'service', '--org', 'demo']

t.test('a token signed with JWT_SECRET is accepted, and is all that is printed', async (t) => {
  const settings = { JWT_ISSUER: 'https://id.example.com/', JWT_AUDIENCE: 'files', JWT_CLAIM_ORG: 'https://files.example.com/org' }
  const { ask } = await startIdentityService(t, settings)
  const { exitCode, output, errors } = await mint([...some, '--user', member.userId, '--expires-in', '15m'], { JWT_SECRET: TOKEN_SECRET, ...settings })
  t.strictSame({ exitCode, errors }, { exitCode: 0, errors: '' })
  t.match(output, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  t.strictSame((await ask(output.trim())).caller, { userId: member.userId, orgKey: 'demo', roles: ['service'] })
  const { iat, exp } = JSON.parse(Buffer.from(output.split('.')[1] ?? '', 'base64url').toString())
  t.equal(exp - iat, 15 * 60)
})

t.test('without JWT_SECRET the running service\'s own secret signs', async (t) => {
  const { app } = await startService(t, { JWT_SECRET: '' })
  const { output } = await mint(['--role', 'admin', '--org', 'acme'], { DATA_DIR: app.config.DATA_DIR })
  const headers = { authorization: `Bearer ${output.trim()}` }
  t.match((await app.inject({ url: '/api/v1/objects/storage-usage', headers })).json(), { orgKey: 'acme', fileCount: 0 })
})

t.test('if it cannot sign it says who can, in one line', async (t) => {
  const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const directory = t.testdir({ damaged: { 'secrets.json': '{}' }, empty: {} })
  for (const [environment, message] of [
    [{ JWT_PUBLIC_KEY: pem }, /^Only the owner of the private key/],
    [{ JWT_JWKS_URL: 'https://id.example.com/keys' }, /^Only the identity provider/],
    [{ DATA_DIR: `${directory}/empty` }, /^There is no secret in .*start the service once/],
    [{ DATA_DIR: `${directory}/damaged` }, /^The file .* does not hold the secrets/],
    [{ DATABASE_URL: 'postgres://db/x' }, /^JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL is missing/],
  ] as const) {
    const { exitCode, output, errors } = await mint(some, environment)
    t.strictSame({ exitCode, output, lines: errors.trim().split('\n').length }, { exitCode: 2, output: '', lines: 1 })
    t.match(errors, message)
  }
})

t.test('options that make no sense are refused', async (t) => {
  const environment = { DATA_DIR: t.testdir() }
  ensureEmbeddedSecrets(environment.DATA_DIR)
  for (const [options, message] of [
    [[], /^--org must be/],
    [['--role', 'root', '--org', 'demo'], /^--role must be/],
    [['--role', 'admin'], /^--org must be/],
    [['--role', 'admin', '--org', '../demo'], /^--org must be/],
    [[...some, '--user', 'me'], /^--user must be/],
    ...['1', '0s', '1w', '367d'].map((text) => [[...some, `--expires-in=${text}`], /^--expires-in must be/] as const),
  ] as const) {
    const { exitCode, output, errors } = await mint([...options], environment)
    t.strictSame({ exitCode, output }, { exitCode: 2, output: '' }, options.join(' '))
    t.match(errors, message)
  }
  t.match(await mint(['--help'], {}), { exitCode: 0, output: /npm run --silent token/ })
})
