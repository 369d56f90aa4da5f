import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import t from 'tap'
import type { Database } from '../../../db/connection/tables.js'
import { type FoldersQuery, listFolders } from '../../../db/runs/folders.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { databaseKinds, emptyTables } from '../../support/database.js'

const runs = Number(process.env.PROPERTY_RUNS ?? 15)
const USERS = 6
const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const ofRun = { orgKey: 'acme', workflowId: id(1), runId: id(1) }

// The characters right before and after a slash in the order of bytes, the longest one in UTF-8, and the last one.
const name = fc.constantFrom('a', 'a!', 'a.', 'a0', 'aa', '!', '~', 'é', '\u{ffee}', '\u{10348}', '\u{10ffff}')
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join('/'))
/** Paths, each with its users, who have one or two files there: folders with many users, and with one. */
const tree = fc.array(fc.record({
  path,
  users: fc.oneof(fc.constant([...Array(USERS).keys()]), fc.uniqueArray(fc.nat(USERS - 1), { minLength: 1, maxLength: 2 })),
  filesOfUser: fc.integer({ min: 1, max: 2 }),
}), { maxLength: 12 })
const question = fc.record({
  prefixes: fc.array(fc.oneof(
    fc.array(name, { maxLength: 3 }).map((names) => names.join('/')), fc.constantFrom('a/', 'a/a/', 'a!/', '\u{10ffff}/')),
  { maxLength: 2 }),
  limit: fc.integer({ min: 2, max: 9 }),
})

interface ModelFile {
  objectKey: string
  path: string
  createdBy: string
  sizeBytes: number
  /** Orders files of one path, before their users do. */
  hash: bigint
}

/** A folder with its sums, or a file's key. */
type Entry = { path: string, sums: { bytes: number, fileCount: number } } | string

const inBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

/** What a list must show, in order: all files are sorted, and folders are where their first file would be. */
function entriesOf (files: readonly ModelFile[], { createdBy, prefix, hasFolders }: FoldersQuery): Entry[] {
  const listed = files
    .filter((file) => file.path.startsWith(prefix) && (createdBy === undefined || file.createdBy === createdBy))
    .toSorted((one, other) => inBytes(one.path, other.path) ||
      (one.hash < other.hash ? -1 : one.hash > other.hash ? 1 : inBytes(one.createdBy, other.createdBy)))
  const entries: Entry[] = []
  for (const { path, objectKey, sizeBytes } of listed) {
    const slash = path.indexOf('/', prefix.length)
    const folder = hasFolders && slash !== -1 ? path.slice(0, slash + 1) : undefined
    const last = entries.at(-1)
    if (folder === undefined) entries.push(objectKey)
    else if (typeof last === 'object' && last.path === folder) {
      last.sums.bytes += sizeBytes
      last.sums.fileCount += 1
    } else entries.push({ path: folder, sums: { bytes: sizeBytes, fileCount: 1 } })
  }
  return entries
}

/** The entries of a page in its order, folders first, and where it ends. */
async function readPage (database: Kysely<Database>, query: FoldersQuery, page: { after: string | undefined, limit: number }) {
  const { folders, files, end } = await listFolders(database, query, page)
  const summed = folders.flatMap(({ path, sums }) => sums === undefined ? [] : [{ path, sums }])
  return { entries: [...summed, ...files.map(({ objectKey }) => objectKey)], end }
}

function foldersFirst (entries: readonly Entry[]): Entry[] {
  return [...entries.filter((entry) => typeof entry === 'object'), ...entries.filter((entry) => typeof entry === 'string')]
}

for (const { name, skip, create } of databaseKinds) {
  const title = `folders on ${name} are those of a plain list of all files, whoever asks and wherever a page begins`
  t.test(title, { skip, timeout: 1_200_000 }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    await fc.assert(fc.asyncProperty(tree, question, async (described, { prefixes, limit }) => {
      const keyOf = (parts: Partial<Parameters<typeof mintObjectKey>[0]>) =>
        mintObjectKey({ ...ofRun, createdBy: id(0), direction: 'outputs', path: '', ...parts })
      const known = described.flatMap(({ path, users, filesOfUser }, place) =>
        users.flatMap((user) => Array<string>(filesOfUser).fill(id(user))).map((createdBy) =>
          ({ objectKey: keyOf({ createdBy, path }), path, createdBy, sizeBytes: place + 1 })))
      // Files in other runs, which must not be listed.
      const foreign = described.flatMap(({ path }) => [{ orgKey: 'globex' }, { workflowId: id(2) }, { runId: id(2) }]
        .map((other) => ({ objectKey: keyOf({ ...other, path }), sizeBytes: 1000 })))
      await emptyTables(database)
      await catalogueFiles(database, [...known, ...foreign])
      const { rows } = await sql<{ object_key: string, hash: string }>`
        select object_key, hashtextextended(object_key, 0)::text as hash from objects`.execute(database)
      const hashes = new Map(rows.map(({ object_key: objectKey, hash }) => [objectKey, BigInt(hash)]))
      const files = known.map((file) => ({ ...file, hash: hashes.get(file.objectKey) ?? 0n }))

      for (const prefix of ['', ...prefixes]) {
        for (const [createdBy, hasFolders] of [[undefined, true], [id(0), true], [id(5), true], [undefined, false]] as const) {
          const query = { ...ofRun, createdBy, prefix, hasFolders, hasSums: true }
          const expected = entriesOf(files, query)
          let after: string | undefined
          for (let place = 0; place < Math.max(expected.length, 1); place++) {
            const [one, many] = await Promise.all([1, limit].map((count) => readPage(database, query, { after, limit: count })))
            t.strictSame(one?.entries, expected.slice(place, place + 1), 'a page of one entry')
            t.strictSame(many?.entries, foldersFirst(expected.slice(place, place + limit)), 'a page from any entry on')
            t.equal(one?.end === undefined, place + 1 >= expected.length, 'only the last page ends the list')
            t.equal(many?.end === undefined, place + limit >= expected.length, 'only the last page ends the list')
            after = one?.end
          }
        }
      }
    }), { numRuns: runs })
  })
}
