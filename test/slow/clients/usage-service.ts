import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import type { Test } from 'tap'
import type { Caller } from '../../../schemas/token-claims.js'
import type { StorageUsage } from '../../../schemas/storage-usage.js'
import { admin, startService } from '../../support/service.js'

const DAY_MS = 86_400_000
const GB = 1_000_000_000n
/** The share of each earlier day's total, in percent, of the workflows of the organisation that stores a lot. */
const SHARES = [65n, 23n, 7n, 3n, 1n]

/** The service on a socket, with the demo organisation and one that stores a lot. */
export interface UsageService {
  app: FastifyInstance
  origin: string
  /** The link to the page that `npm start` prints, and the token in it. */
  demoLink: string
  demoToken: string
  /** An admin of the organisation that stores a lot, with half a year of known usage. */
  planet: Caller
  reconciledAt: Date
  tokenOf: (caller: Caller) => string
  linkOf: (caller: Caller) => string
  /** What the API answers to a holder of the token. */
  usage: (token: string, query?: string) => Promise<StorageUsage>
}

/** Starts the service on embedded parts, and ends it with the test. */
export async function startUsageService (t: Pick<Test, 'teardown'>): Promise<UsageService> {
  const { app } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const demoLink = /http\S+\/app#token=\S+/.exec(await app.introduce(origin))?.[0] ?? ''
  const tokenOf = ({ userId, orgKey, roles: [role] }: Caller) => app.jwt.sign({ sub: userId, orgKey, role }, { expiresIn: '1h' })
  const planet: Caller = { ...admin, orgKey: 'planet' }
  await countSums(app, planet, [
    { name: 'Satellite mosaics', inputBytes: 318n * GB + 104_729n, outputBytes: 494n * GB + 1_299_709n, fileCount: 18_214n },
    { name: 'Genome alignment', inputBytes: 201n * GB + 7_919n, outputBytes: 88n * GB + 611_953n, fileCount: 2_406n },
    { name: 'Speech transcripts', inputBytes: 96n * GB + 15_485_863n, outputBytes: GB + 1_301n, fileCount: 41_872n },
    { name: 'Customer invoices', inputBytes: 3n * GB + 32_452_843n, outputBytes: 27n * GB + 49_979_687n, fileCount: 96_310n },
    { name: 'Warehouse export', inputBytes: 512_927_357n, outputBytes: 11n * GB + 86_028_121n, fileCount: 364n },
    { name: 'Quarterly sales report', inputBytes: 67_867_967n, outputBytes: 941_083_981n, fileCount: 148n },
  ])
  await rememberDays(app, planet.orgKey, Array.from({ length: 180 }, (_, ago) => ({
    // Grows day by day, and was tidied up once.
    bytes: (1236n - 7n * BigInt(ago) + (ago > 17 ? 190n : 0n)) * GB, isFilled: ago === 12,
  })))
  const reconciledAt = new Date(Date.now() - DAY_MS / 2)
  await app.database.insertInto('reconciliations')
    .values({ prefix: `${planet.orgKey}/`, status: 'complete', started_at: reconciledAt, finished_at: reconciledAt }).execute()
  return {
    app,
    origin,
    demoLink,
    demoToken: demoLink.split('#token=')[1] ?? '',
    planet,
    reconciledAt,
    tokenOf,
    linkOf: (caller) => `${origin}/app#token=${tokenOf(caller)}`,
    usage: async (token, query = '') => (await app.inject({
      url: `/api/v1/objects/storage-usage${query}`, headers: { authorization: `Bearer ${token}` },
    })).json(),
  }
}

interface StoredSum {
  name: string
  inputBytes: bigint
  outputBytes: bigint
  fileCount: bigint
}

/** Makes the service count files that do not exist: workflows of any size, each with a name. */
export async function countSums (
  { database }: FastifyInstance, owner: { orgKey: string, userId: string }, sums: readonly StoredSum[],
): Promise<void> {
  for (const [index, { name, inputBytes, outputBytes, fileCount }] of sums.entries()) {
    const workflowId = idOfWorkflow(index)
    await database.insertInto('workflows').values({ org_key: owner.orgKey, workflow_id: workflowId, name }).execute()
    for (const [direction, sizeBytes, count] of [
      ['inputs', inputBytes, fileCount / 2n], ['outputs', outputBytes, fileCount - fileCount / 2n],
    ] as const) {
      await database.insertInto('usage_sums').values({
        org_key: owner.orgKey,
        workflow_id: workflowId,
        created_by: owner.userId,
        direction,
        size_bytes: sizeBytes,
        file_count: count,
        newest_event_at: new Date(),
      }).execute()
    }
  }
}

function idOfWorkflow (place: number): string {
  return `00000000-0000-4000-8000-${String(place).padStart(12, '0')}`
}

/**
 * Makes the service remember the days before today: the bytes stored at the end of each, newest first, and the share of the
 * largest workflows in them.
 */
async function rememberDays (
  { database }: FastifyInstance, orgKey: string, days: ReadonlyArray<{ bytes: bigint, isFilled: boolean }>,
): Promise<void> {
  await sql`
    insert into usage_history_start (began_on) values (current_date - ${days.length}::integer)
    on conflict (is_only) do update set began_on = excluded.began_on`.execute(database)
  for (const [index, { bytes, isFilled }] of days.entries()) {
    const end = new Date(Date.now() - (index + 1) * DAY_MS)
    const day = end.toISOString().slice(0, 10)
    await database.insertInto('usage_days').values({ day, taken_at: end, is_filled: isFilled })
      .onConflict((conflict) => conflict.column('day').doUpdateSet({ is_filled: isFilled })).execute()
    const ofWorkflows = SHARES.map((percent, place) => ({ workflowId: idOfWorkflow(place), percent }))
    const shares = [{ workflowId: null, percent: 100n }, ...ofWorkflows]
    await database.insertInto('usage_snapshots').values(shares.map(({ workflowId, percent }) => ({
      org_key: orgKey,
      workflow_id: workflowId,
      day,
      input_bytes: '0',
      output_bytes: String(bytes * percent / 100n),
      file_count: String(bytes * percent / 100_000_000n),
    }))).execute()
  }
}
