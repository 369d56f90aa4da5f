import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { SecretsUnreadableError, ensureEmbeddedSecrets, readEmbeddedSecrets } from '../../../embedded/secrets.js'

t.test('a data directory gets random secrets once, which only its user may read', async (t) => {
  const directory = t.testdir()
  t.equal(readEmbeddedSecrets(directory), undefined)
  const secrets = ensureEmbeddedSecrets(directory)
  t.strictSame(ensureEmbeddedSecrets(directory), secrets)
  t.strictSame(readEmbeddedSecrets(directory), secrets)
  t.equal((await stat(join(directory, 'secrets.json'))).mode & 0o777, 0o600)
  t.strictSame(await readdir(directory), ['secrets.json'])
  for (const secret of Object.values(secrets)) t.equal(Buffer.from(secret, 'base64url').length, 32)
  t.not(secrets.tokenSecret, secrets.serviceSecret)
  t.not(ensureEmbeddedSecrets(t.testdir({})).tokenSecret, secrets.tokenSecret)
})

t.test('secrets that were damaged are not replaced in silence', async (t) => {
  for (const text of ['', '{', 'null', '{}', '{"tokenSecret":"short","serviceSecret":"short"}', '{"tokenSecret":7}']) {
    const directory = t.testdir({ 'secrets.json': text })
    const error = t.throws(() => ensureEmbeddedSecrets(directory), SecretsUnreadableError)
    t.match(error instanceof Error && error.message, join(directory, 'secrets.json'))
    t.throws(() => readEmbeddedSecrets(directory), SecretsUnreadableError)
    t.equal(await readFile(join(directory, 'secrets.json'), 'utf8'), text)
  }
})

t.test('what cannot be read for another reason is told as it is', async (t) => {
  const directory = t.testdir({ 'secrets.json': {} })
  await writeFile(join(directory, 'secrets.json', 'x'), '')
  t.throws(() => ensureEmbeddedSecrets(directory), { code: 'EISDIR' })
})
