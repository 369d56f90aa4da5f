import t from 'tap'
import { storeKinds } from '../../support/stores.js'
import { proveSecrecy } from './prove-secrecy.js'

const [embedded] = storeKinds

t.test('on the embedded parts, no log line at level trace, error or metric tells a key, signature, token or credential', async (t) => {
  if (embedded !== undefined) await proveSecrecy(t, embedded, undefined)
})
