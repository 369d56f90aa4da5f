import t from 'tap'
import { listRuns } from '../../../../db/runs/workflow-runs.js'
import { mintObjectKey } from '../../../../objects/object-key.js'
import { catalogueFiles } from '../../../support/catalogued-files.js'
import { databaseKinds } from '../../../support/database.js'

const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
const [earlyRun, lateRun, newRun] = [id(1), id(2), id(5)]
const [user, otherUser] = [id(3), id(4)]
const at = (minute: number) => new Date(Date.now() - 3_600_000 + minute * 60_000)

for (const { name, skip, create } of databaseKinds) {
  t.test(`a run is listed by the earliest file of those that it was first counted with, on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    const file = (runId: string, createdBy: string, minute: number) => ({
      objectKey: mintObjectKey({ orgKey: 'acme', workflowId: id(0), runId, createdBy, direction: 'outputs', path: 'a' }),
      sizeBytes: 1,
      eventTime: at(minute),
    })
    const listed = async () => {
      const seen: string[] = []
      for (let after: string | undefined, isLast = false; !isLast;) {
        const page = await listRuns(
          database, { orgKey: 'acme', workflowId: id(0), createdBy: undefined, sort: 'firstSeen' }, { after, limit: 1 })
        seen.push(...page.runs.map(({ runId }) => runId))
        after = page.end
        isLast = after === undefined
      }
      return seen
    }
    await catalogueFiles(database, [file(lateRun, user, 30), file(earlyRun, user, 10), file(lateRun, otherUser, 20)])
    t.strictSame(await listed(), [lateRun, earlyRun])
    const early = file(newRun, user, 15)
    await catalogueFiles(database, [early])
    t.strictSame(await listed(), [lateRun, newRun, earlyRun])
    await catalogueFiles(database, [
      file(lateRun, user, 5), file(earlyRun, otherUser, 40), { ...early, sizeBytes: 2, eventTime: at(50) },
    ])
    t.strictSame(await listed(), [lateRun, newRun, earlyRun], 'what comes later moves no run')
  })
}
