import fc from 'fast-check'
import { sql } from 'kysely'
import t from 'tap'
import { epochMs } from '../../../db/connection/time.js'
import { listFolders } from '../../../db/runs/folders.js'
import { type RunSort, listRuns } from '../../../db/runs/workflow-runs.js'
import { type WorkflowSort, listWorkflows } from '../../../db/runs/workflows.js'
import { directions, mintObjectKey, parseObjectKey } from '../../../objects/object-key.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { databaseKinds, emptyTables } from '../../support/database.js'

const runs = Number(process.env.PROPERTY_RUNS ?? 25)
const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const startedAt = Date.now() - 2 * 3_600_000

const name = fc.constantFrom('a', 'b', 'ab', 'a0', 'a.', 'a-', '%', '_', 'é', '\u{ff5e}', '\u{10348}')
const file = fc.record({
  orgKey: fc.constantFrom('acme', 'globex'),
  workflow: fc.nat(2),
  run: fc.nat(2),
  user: fc.nat(2),
  direction: fc.constantFrom(...directions),
  path: fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/')),
  sizeBytes: fc.constantFrom(0, 1, 2, 30, 1000),
  minute: fc.option(fc.nat(3)),
})
const files = fc.array(file, { maxLength: 60 }).map((described) => described.map((one) => {
  const { workflow, run, user, minute, sizeBytes, ...parts } = one
  const objectKey = mintObjectKey({ ...parts, workflowId: id(workflow), runId: id(run), createdBy: id(user) })
  return { objectKey, sizeBytes, eventTime: minute === null ? undefined : new Date(startedAt + minute * 60_000) }
}))
const query = fc.record({
  createdBy: fc.option(fc.nat(2).map(id), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 8 }),
  prefix: fc.oneof(
    fc.array(name, { maxLength: 2 }).map((names) => names.join('/')), fc.constantFrom('', 'a/', 'ab/a/', 'é/')),
  hasFolders: fc.boolean(),
  workflowSort: fc.constantFrom<WorkflowSort>('bytes', 'files', 'newest'),
  runSort: fc.constantFrom<RunSort>('newest', 'firstSeen', 'bytes', 'files', 'id'),
})

/** Reads a list to its end; returns its pages. */
async function walk<Page extends { end: string | undefined }> (
  read: (after: string | undefined) => Promise<Page>,
): Promise<Page[]> {
  const pages: Page[] = []
  for (let after: string | undefined; pages.length === 0 || after !== undefined;) {
    const page = await read(after)
    pages.push(page)
    after = page.end
    if (pages.length > 1_000) throw new Error('The list has no end.')
  }
  return pages
}

const inBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))

function groupBy<Value> (values: readonly Value[], keyOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>()
  for (const value of values) groups.set(keyOf(value), [...groups.get(keyOf(value)) ?? [], value])
  return groups
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

for (const { name, skip, create } of databaseKinds) {
  const title = `lists on ${name} have everything once, in order, whatever the size of their pages`
  t.test(title, { skip, timeout: 1_200_000 }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    await fc.assert(fc.asyncProperty(files, query, async (all, asked) => {
      const { createdBy, limit, prefix, hasFolders, workflowSort, runSort } = asked
      await emptyTables(database)
      await catalogueFiles(database, all)
      const visible = all.flatMap(({ objectKey, sizeBytes, eventTime }) => {
        const parts = parseObjectKey(objectKey)
        return parts?.orgKey === 'acme' && (createdBy === undefined || parts.createdBy === createdBy)
          ? [{ ...parts, objectKey, sizeBytes, eventMs: eventTime?.getTime() ?? -Infinity }]
          : []
      })

      const workflows = await walk((after) => listWorkflows(
        database, { orgKey: 'acme', createdBy, search: undefined, sort: workflowSort }, { after, limit }))
      const expected = [...groupBy(visible, ({ workflowId }) => workflowId)].map(([workflowId, its]) => ({
        id: workflowId,
        bytes: sum(its.map(({ sizeBytes }) => sizeBytes)),
        files: its.length,
        newest: Math.max(...its.map(({ eventMs }) => eventMs)),
      })).sort((one, other) => Math.sign(other[workflowSort] - one[workflowSort]) || inBytes(one.id, other.id))
      t.strictSame(workflows.flatMap((page) => page.workflows).map(({ workflowId, bytes, fileCount, newestEventAt }) => ({
        id: workflowId, bytes, files: fileCount, newest: newestEventAt?.getTime() ?? -Infinity,
      })), expected)

      const pagesOfRuns = await walk((after) => listRuns(
        database, { orgKey: 'acme', workflowId: id(0), createdBy, sort: runSort }, { after, limit }))
      const listed = pagesOfRuns.flatMap((page) => page.runs)
      const expectedRuns = [...groupBy(visible.filter(({ workflowId }) => workflowId === id(0)), ({ runId }) => runId)]
      t.strictSame(listed.map(({ runId, bytes, fileCount }) => [runId, bytes, fileCount]).sort(),
        expectedRuns.map(([runId, its]) => [runId, sum(its.map(({ sizeBytes }) => sizeBytes)), its.length]).sort())
      const keptRuns = await database.selectFrom('runs')
        .select(['run_id', epochMs(sql`first_seen_at`).as('first_seen_ms')])
        .where('workflow_id', '=', id(0)).where('org_key', '=', 'acme')
        .execute()
      const keptFirstSeen = new Map(keptRuns.map((kept) => [kept.run_id, Number(kept.first_seen_ms)]))
      const rankOf = ({ runId, newestEventAt, firstSeenAt, bytes, fileCount }: typeof listed[number]) => ({
        newest: (newestEventAt ?? firstSeenAt).getTime(),
        firstSeen: keptFirstSeen.get(runId) ?? NaN,
        bytes,
        files: fileCount,
        id: 0,
      })[runSort]
      const tie = (one: string, other: string) => runSort === 'firstSeen' ? inBytes(other, one) : inBytes(one, other)
      t.strictSame(listed, listed.toSorted((one, other) => rankOf(other) - rankOf(one) || tie(one.runId, other.runId)))

      const ofRun = visible.filter(({ workflowId, runId, path }) =>
        workflowId === id(0) && runId === id(0) && path.startsWith(prefix))
      const entryOf = (path: string) => {
        const slash = path.indexOf('/', prefix.length)
        return hasFolders && slash !== -1 ? path.slice(0, slash + 1) : path
      }
      const entries = groupBy(ofRun, ({ path }) => entryOf(path))
      const pages = await walk((after) => listFolders(
        database, { orgKey: 'acme', workflowId: id(0), runId: id(0), createdBy, prefix, hasFolders, hasSums: true }, { after, limit }))
      for (const { folders, files: its, end } of pages) {
        t.ok(end === undefined ? folders.length + its.length <= limit : folders.length + its.length === limit, 'pages are full')
      }
      t.strictSame(pages.flatMap(({ folders }) => folders), [...entries]
        .filter(([path]) => path.endsWith('/'))
        .sort(([one], [other]) => inBytes(one, other))
        .map(([path, its]) => ({ path, sums: { bytes: sum(its.map(({ sizeBytes }) => sizeBytes)), fileCount: its.length } })))
      const keys = pages.flatMap((page) => page.files).map(({ objectKey }) => objectKey)
      const direct = ofRun.filter(({ path }) => !entryOf(path).endsWith('/'))
      t.strictSame(keys.toSorted(), direct.map(({ objectKey }) => objectKey).sort())
      const paths = keys.map((key) => parseObjectKey(key)?.path ?? '')
      t.strictSame(paths, paths.toSorted(inBytes))
    }), { numRuns: runs })
  })
}
