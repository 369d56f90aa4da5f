import t from 'tap'
import { type RunFile, fileIn, files, otherUser, runs, user, workflows } from './listed-files.js'
import { listFiles } from '../../../../db/run-files.js'
import { readCountedFile } from '../../../../db/runs/describe-file.js'
import { type FoldersQuery, listFolders } from '../../../../db/runs/folders.js'
import { type RunSort, listRuns } from '../../../../db/runs/workflow-runs.js'
import { type WorkflowSort, listWorkflows } from '../../../../db/runs/workflows.js'
import { countCataloguedFiles, hasCataloguedFiles, isCatalogued, listCataloguedOrgKeys } from '../../../../db/usage/catalogue-size.js'
import { nameWorkflows } from '../../../../db/usage/workflow-names.js'
import { fileNameOf, prefixOf } from '../../../../objects/object-key.js'
import { catalogueFiles } from '../../../support/catalogued-files.js'
import { databaseKinds } from '../../../support/database.js'

const [run] = runs
const inRun = files.filter(({ runId }) => runId === run.runId)
const creators = [undefined, user, otherUser]
const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other))
const sumOf = (listed: readonly RunFile[]) => listed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
const latest = (listed: readonly RunFile[]) => listed.reduce<Date | null>((newest, { eventTime }) =>
  eventTime !== undefined && (newest === null || eventTime > newest) ? eventTime : newest, null)

/** A whole list, read in pages of the given size. */
async function pageThrough<Item> (
  list: (after: string | undefined) => Promise<{ items: Item[], end: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = []
  for (let after: string | undefined, isLast = false; !isLast;) {
    const { items, end } = await list(after)
    all.push(...items)
    after = end
    isLast = end === undefined
  }
  return all
}

for (const { name, skip, create } of databaseKinds) {
  t.test(`lists on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    await catalogueFiles(database, files)
    await catalogueFiles(database, [{ ...fileIn(run, 'gone.txt', 1), sizeBytes: undefined }])
    await nameWorkflows(database, 'acme', [{ workflowId: workflows[0], name: 'first' }])
    await nameWorkflows(database, 'acme', [{ workflowId: workflows[0], name: 'Größe 100%' }])

    t.test('a run\'s files and folders are those that its paths make, whatever the prefix, the user and the page', async (t) => {
      for (const prefix of ['', 'plots/', 'plots/a', 'ü']) {
        for (const createdBy of creators) {
          for (const hasFolders of [true, false]) {
            const wanted = inRun.filter((file) =>
              file.path.startsWith(prefix) && (createdBy === undefined || file.createdBy === createdBy))
            const folderOf = (path: string) => /^[^/]*\//.exec(path.slice(prefix.length))?.[0]
            const isFile = ({ path }: RunFile) => !hasFolders || folderOf(path) === undefined
            const folderPaths = new Set(wanted.filter((file) => !isFile(file)).map(({ path }) => `${prefix}${folderOf(path)}`))
            const expected = [
              ...Array.from(folderPaths, (path) => {
                const below = wanted.filter((file) => file.path.startsWith(path))
                return { path, bytes: sumOf(below), fileCount: below.length }
              }),
              ...wanted.filter(isFile).map(({ path, sizeBytes }) => ({ path, bytes: sizeBytes, fileCount: 1 })),
            ].sort((one, other) => byBytes(one.path, other.path) || one.bytes - other.bytes)
            const query: FoldersQuery = { orgKey: 'acme', ...run, createdBy, prefix, hasFolders, hasSums: true }
            for (const limit of [2, 100]) {
              const listed = await pageThrough(async (after) => {
                const { folders, files: found, end } = await listFolders(database, query, { after, limit })
                t.ok(folders.length + found.length <= limit)
                return {
                  items: [
                    ...folders.map(({ path, sums = { bytes: NaN, fileCount: NaN } }) => ({ path, ...sums })),
                    ...found.map(({ objectKey, sizeBytes }) => ({ path: pathIn(objectKey), bytes: sizeBytes, fileCount: 1 })),
                  ].sort((one, other) => byBytes(one.path, other.path)),
                  end,
                }
              })
              t.strictSame(listed.map(({ path }) => path), expected.map(({ path }) => path))
              t.strictSame(listed.toSorted((one, other) => byBytes(one.path, other.path) || one.bytes - other.bytes), expected)
            }
          }
        }
      }
      const listAll = async (orgKey: string) => await listFolders(
        database, { orgKey, ...run, createdBy: undefined, prefix: '', hasFolders: true, hasSums: false }, { after: undefined, limit: 99 })
      const { folders } = await listAll('acme')
      t.ok(folders.length > 0 && folders.every(({ sums }) => sums === undefined))
      t.strictSame(await listAll('globex'), { folders: [], files: [], end: undefined })
    })

    t.test('a workflow\'s runs have the figures of their files, in every order', async (t) => {
      for (const createdBy of creators) {
        const figures = runs.map(({ runId, workflowId }) => {
          const its = files.filter((file) => file.runId === runId && (createdBy === undefined || file.createdBy === createdBy))
          return { runId, workflowId, its, bytes: sumOf(its), newest: latest(its)?.getTime() ?? 0 }
        }).filter(({ its, workflowId }) => its.length > 0 && workflowId === workflows[0])
        const ranks: Record<Exclude<RunSort, 'firstSeen'>, (figure: typeof figures[number]) => number> = {
          bytes: ({ bytes }) => -bytes, files: ({ its }) => -its.length, newest: ({ newest }) => -newest, id: () => 0,
        }
        for (const sort of ['bytes', 'files', 'newest', 'id'] as const) {
          const rank = ranks[sort]
          const expected = figures.toSorted((one, other) => rank(one) - rank(other) || byBytes(one.runId, other.runId))
          for (const limit of [1, 2, 10]) {
            const listed = await pageThrough(async (after) => {
              const page = await listRuns(database, { orgKey: 'acme', workflowId: workflows[0], createdBy, sort }, { after, limit })
              t.ok(page.runs.length <= limit)
              return { items: page.runs, end: page.end }
            })
            t.match(listed, expected.map(({ runId, its, bytes }) => ({
              runId,
              bytes,
              inputBytes: sumOf(its.filter(({ direction }) => direction === 'inputs')),
              outputBytes: sumOf(its.filter(({ direction }) => direction === 'outputs')),
              fileCount: its.length,
              newestEventAt: latest(its),
            })))
            t.equal(listed.length, expected.length, sort)
          }
        }
      }
    })

    t.test('an organisation\'s workflows have the figures of their files, in every order, and are found by their names', async (t) => {
      const nameOf = (id: string) => id === workflows[0] ? 'Größe 100%' : id
      for (const [createdBy, search] of [
        ...creators.map((each) => [each, undefined] as const),
        ...['größE', '100%', '-4000-', '.', 'FIRST'].map((text) => [undefined, text] as const),
      ]) {
        const isFound = (text: string) => text.toLowerCase().includes((search ?? '').toLowerCase())
        const figures = workflows.map((workflowId) => {
          const its = files.filter((file) =>
            file.workflowId === workflowId && (createdBy === undefined || file.createdBy === createdBy))
          return { workflowId, its, bytes: sumOf(its) }
        }).filter(({ its, workflowId }) => its.length > 0 &&
          [nameOf(workflowId), workflowId].some(isFound))
        const ranks: Record<WorkflowSort, (figure: typeof figures[number]) => number> = {
          bytes: ({ bytes }) => bytes, files: ({ its }) => its.length, newest: ({ its }) => latest(its)?.getTime() ?? -Infinity,
        }
        for (const sort of ['bytes', 'files', 'newest'] as const) {
          const rank = ranks[sort]
          const expected = figures.toSorted((one, other) =>
            Number(rank(other) > rank(one)) - Number(rank(other) < rank(one)) || byBytes(one.workflowId, other.workflowId))
          for (const limit of [1, 10]) {
            t.strictSame(await pageThrough(async (after) => {
              const page = await listWorkflows(database, { orgKey: 'acme', createdBy, search, sort }, { after, limit })
              return { items: page.workflows, end: page.end }
            }), expected.map(({ workflowId, its, bytes }) => (
              { workflowId, workflowName: nameOf(workflowId), bytes, fileCount: its.length, newestEventAt: latest(its) })))
          }
        }
      }
    })

    t.test('files are listed by their keys, and read one by one, those alone that are counted', async (t) => {
      const sorted = inRun.map(({ objectKey }) => objectKey).sort(byBytes)
      const prefix = prefixOf({ orgKey: 'acme', ...run })
      t.strictSame(await pageThrough(async (after) => {
        const page = await listFiles(database, prefix, { after, maxFiles: 2 })
        const keys = page.files.map(({ objectKey }) => objectKey)
        return { items: keys, end: page.hasMore ? keys.at(-1) : undefined }
      }), sorted)
      for (const { objectKey, sizeBytes, eventTime = null } of inRun) {
        const entityTag = `tag-${sizeBytes}`
        t.strictSame(await readCountedFile(database, objectKey), { objectKey, sizeBytes, createdAt: eventTime, entityTag })
        t.equal(await isCatalogued(database, objectKey), true)
      }
      const { objectKey: gone } = fileIn(run, 'gone.txt', 1)
      t.strictSame([await readCountedFile(database, gone), await isCatalogued(database, gone)], [undefined, false])
      t.equal(fileNameOf(gone), 'gone.txt')
    })

    t.test('the catalogue knows how much it has', async (t) => {
      t.equal(await countCataloguedFiles(database, 'acme'), files.filter(({ orgKey }) => orgKey === 'acme').length)
      t.equal(await countCataloguedFiles(database, undefined), files.length)
      t.equal(await countCataloguedFiles(database, 'none'), 0)
      t.strictSame((await listCataloguedOrgKeys(database)).sort(), ['acme', 'globex'])
      t.equal(await hasCataloguedFiles(database), true)
      await catalogueFiles(database, files.map((file) => ({ ...file, sizeBytes: undefined, eventTime: new Date() })))
      t.strictSame([await hasCataloguedFiles(database), await countCataloguedFiles(database, undefined)], [false, 0])
      t.strictSame((await listCataloguedOrgKeys(database)).sort(), ['acme', 'globex'], 'they had files')
    })
  })
}

function pathIn (objectKey: string): string {
  return inRun.find((file) => file.objectKey === objectKey)?.path ?? ''
}
