import t, { type Test } from 'tap'
import { type ContractStore, openEmbeddedStore, openRealStore } from './contract-store.js'
import listing from './listing.js'
import multipart from './multipart.js'
import reading from './reading.js'
import signatures from './signatures.js'
import writing from './writing.js'

/*
 * What the service relies on in an object store, always checked on the embedded store, and on a real one if TEST_S3_ENDPOINT,
 * TEST_S3_ACCESS_KEY and TEST_S3_SECRET_KEY (and TEST_S3_REGION) name it. It was written against Ceph RGW, and notes where that
 * differs from S3.
 */

const parts = { signatures, reading, writing, listing, multipart }

async function checkContract (t: Test, store: ContractStore): Promise<void> {
  t.teardown(store.remove)
  for (const [name, part] of Object.entries(parts)) await t.test(name, async (t) => { await part(t, store) })
}

t.test('the embedded store keeps the contract', async (t) => {
  await checkContract(t, await openEmbeddedStore())
})

const endpoint = process.env.TEST_S3_ENDPOINT
t.test('a real store keeps the contract', { skip: endpoint === undefined && 'TEST_S3_ENDPOINT is not set' }, async (t) => {
  if (endpoint !== undefined) await checkContract(t, await openRealStore(endpoint))
})
