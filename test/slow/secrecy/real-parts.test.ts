import t from 'tap'
import { testDatabaseUrl } from '../../support/database.js'
import { storeKinds } from '../../support/stores.js'
import { proveSecrecy } from './prove-secrecy.js'

const real = storeKinds[1]
const skip = real?.skip || (testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set')

t.test('on PostgreSQL and a real S3, no log line at level trace, error or metric tells a key, signature, token or credential', { skip }, async (t) => {
  if (real !== undefined) await proveSecrecy(t, real, testDatabaseUrl)
})
