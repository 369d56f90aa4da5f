import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type DemoStore, seedDemoOrganisation } from '../../../../embedded/demo/organisation.js'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { UUID_PATTERN } from '../../../../objects/object-key.js'

/** An in-memory bucket that fails after a given number of files. */
class MemoryStore implements DemoStore {
  readonly objects = new Map<string, { body: Buffer, contentType: string }>()
  readonly workflowNames = new Map<string, string>()
  putsUntilFailure = Infinity

  async putObject (objectKey: string, body: Buffer, contentType: string) {
    if (this.putsUntilFailure-- <= 0) throw new Error('The store is gone.')
    this.objects.set(objectKey, { body, contentType })
  }

  async nameWorkflows (orgKey: string, workflows: ReadonlyArray<{ workflowId: string, name: string }>) {
    for (const { workflowId, name } of workflows) this.workflowNames.set(`${orgKey}/${workflowId}`, name)
  }
}

t.test('the first call puts files of five users and six named workflows', async (t) => {
  const store = new MemoryStore()
  const organisation = await seedDemoOrganisation(t.testdir(), store)
  const parts = organisation.objectKeys.map(parseObjectKey)
  t.notOk(parts.includes(undefined), 'every object key is one of ours')
  t.same([...store.objects.keys()].sort(), organisation.objectKeys.toSorted())
  t.ok(parts.every((part) => part?.orgKey === organisation.orgKey))
  const users = new Set(parts.map((part) => part?.createdBy))
  t.equal(users.size, 5)
  t.ok(users.has(organisation.admin) && users.has(organisation.member))
  t.equal(new Set(parts.map((part) => part?.runId)).size, 13)
  t.ok(parts.filter((part) => part?.path.includes('/')).length > 25, 'many are in folders')
  t.same(new Set(parts.map((part) => part?.direction)), new Set(['inputs', 'outputs']))
  t.same(new Set(parts.map((part) => `${part?.orgKey}/${part?.workflowId}`)), new Set(store.workflowNames.keys()))
  t.equal(store.workflowNames.size, 6)
  t.ok(organisation.objectKeys.includes(organisation.showcase))
  t.equal(organisation.totalBytes, [...store.objects.values()].reduce((sum, { body }) => sum + body.length, 0))
  t.match(organisation.admin, new RegExp(UUID_PATTERN))
  t.match(organisation.member, new RegExp(UUID_PATTERN))
})

t.test('a later call finds the same and puts nothing', async (t) => {
  const directory = t.testdir()
  const first = await seedDemoOrganisation(directory, new MemoryStore())
  const later = new MemoryStore()
  t.same(await seedDemoOrganisation(directory, later), first)
  t.equal(later.objects.size, 0)
  t.equal(later.workflowNames.size, 0)
})

t.test('two organisations have no object key in common', async (t) => {
  const directory = t.testdir()
  const one = await seedDemoOrganisation(join(directory, 'one'), new MemoryStore())
  const other = await seedDemoOrganisation(join(directory, 'other'), new MemoryStore())
  t.equal(new Set([...one.objectKeys, ...other.objectKeys]).size, one.objectKeys.length + other.objectKeys.length)
})

t.test('after a call that failed half way, the next one completes it with the same object keys', async (t) => {
  const directory = t.testdir()
  const store = new MemoryStore()
  store.putsUntilFailure = 3
  await t.rejects(seedDemoOrganisation(directory, store), { message: 'The store is gone.' })
  const keysPut = [...store.objects.keys()]
  t.equal(keysPut.length, 3)

  store.putsUntilFailure = Infinity
  const { objectKeys } = await seedDemoOrganisation(directory, store)
  t.ok(keysPut.every((objectKey) => objectKeys.includes(objectKey)))
  t.equal(store.objects.size, objectKeys.length)
})

t.test('only the owner can read what is remembered', async (t) => {
  const directory = join(t.testdir(), 'made', 'on demand')
  await seedDemoOrganisation(directory, new MemoryStore())
  t.same(await readdir(directory), ['demo-organisation.json'])
  t.equal((await stat(join(directory, 'demo-organisation.json'))).mode & 0o777, 0o600)
})

t.test('a torn memory counts as none', async (t) => {
  const directory = t.testdir()
  const path = join(directory, 'demo-organisation.json')
  await seedDemoOrganisation(directory, new MemoryStore())
  const whole = await readFile(path, 'utf8')
  for (const torn of ['', whole.slice(0, 100), '{"isComplete":true}']) {
    await writeFile(path, torn)
    const store = new MemoryStore()
    const { objectKeys } = await seedDemoOrganisation(directory, store)
    t.equal(store.objects.size, objectKeys.length)
  }
})
