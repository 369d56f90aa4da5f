import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { errorCode } from '../../errors/error-code.js'
import { type Direction, mintObjectKey, parseObjectKey } from '../../objects/object-key.js'
import { type DemoFile, demoFiles } from './files.js'
import { FURTHER_WORK, furtherFiles } from './work.js'

/** Where the demo organisation is put. */
export interface DemoStore {
  putObject (objectKey: string, body: Buffer, contentType: string): Promise<void>
  nameWorkflows (orgKey: string, workflows: ReadonlyArray<{ workflowId: string, name: string }>): Promise<void>
}

export interface DemoOrganisation {
  orgKey: string
  /** User id. */
  admin: string
  /** User id. */
  member: string
  objectKeys: string[]
  /** The object key of a file that any browser can show. */
  showcase: string
  totalBytes: number
}

export const DEMO_ORG_KEY = 'demo'
export const DEMO_ADMIN = '0b6f1f0e-5a52-4c1c-8d6e-7a1d3c2b9e10'
const DEMO_MEMBER = '4e9a7c35-2f18-4d0b-9b7a-c5f06d81e2a4'
const REPORT = { workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10', name: 'Quarterly sales report' }
const IMPORT = { workflowId: 'c2d81b7e-63f4-4a9d-b0c5-91e7a4f3d628', name: 'Nightly import' }
export const DEMO_WORKFLOWS = [REPORT, IMPORT]
/** Who has done the further work, beside the two above. */
const COLLEAGUES = [
  '2f7b1c84-6e0d-4a93-b5c8-71d9e3f0a64b', '8c3a5d19-f742-4b6e-9d01-4e8b7a2c5f36', 'e16d9b72-05a4-4c8f-8f2e-b3c71a9d4058',
]
/** How many files are put at a time. */
const PARALLEL = 16
const REPORT_RUN = '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3'
const FIRST_IMPORT_RUN = '6a1e4f90-7c2b-4d85-a3f6-0d9c8b7e5a41'
const SECOND_IMPORT_RUN = 'd7f3a2c8-1b6e-4590-8e4d-2c5a9f0b7e63'

const MarkerSchema = Type.Object({
  /** False: the keys are planned, but not every file has been put. */
  isComplete: Type.Boolean(),
  organisation: Type.Object({
    orgKey: Type.String(),
    admin: Type.String(),
    member: Type.String(),
    objectKeys: Type.Array(Type.String()),
    showcase: Type.String(),
    totalBytes: Type.Integer(),
  }),
})
type Marker = Static<typeof MarkerSchema>

/**
 * Creates the organisation `demo` on the first call: six real files of five kinds, by two users, in three runs of two named
 * workflows, and what further work of theirs and their colleagues' has left, in folders of more runs. Later calls recognise it
 * by a file in the data directory, and put nothing. A call that was cut short is repeated with the same object keys, so that no
 * file is there twice.
 *
 * @throws what the store throws, and if the data directory cannot be written
 */
export async function seedDemoOrganisation (dataDirectory: string, store: DemoStore): Promise<DemoOrganisation> {
  const markerPath = join(dataDirectory, 'demo-organisation.json')
  const marker = await readMarker(markerPath)
  if (marker?.isComplete === true) return marker.organisation

  const { files, organisation } = plan(marker?.organisation.objectKeys ?? [])
  await mkdir(dataDirectory, { recursive: true })
  await writeMarker(markerPath, { isComplete: false, organisation })
  await store.nameWorkflows(DEMO_ORG_KEY, [...DEMO_WORKFLOWS, ...FURTHER_WORK])
  const queue = [...files]
  await Promise.all(Array.from({ length: PARALLEL }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await store.putObject(next.objectKey, next.file.body, next.file.contentType)
    }
  }))
  await writeMarker(markerPath, { isComplete: true, organisation })
  return organisation
}

function plan (plannedKeys: readonly string[]) {
  const planned = new Map(plannedKeys.map((objectKey) => {
    const parts = parseObjectKey(objectKey)
    return [`${parts?.runId}/${parts?.path}`, objectKey]
  }))
  const placeAt = (path: string, workflowId: string, runId: string, createdBy: string, direction: Direction) =>
    planned.get(`${runId}/${path}`) ?? mintObjectKey({ orgKey: DEMO_ORG_KEY, workflowId, runId, createdBy, direction, path })
  const place = (file: DemoFile, workflowId: string, runId: string, createdBy: string, direction: Direction) =>
    ({ objectKey: placeAt(file.fileName, workflowId, runId, createdBy, direction), file })
  const { salesCsv, chartPng, reportHtml, summaryPdf, importLog, rejectedCsv } = demoFiles()
  const chart = place(chartPng, REPORT.workflowId, REPORT_RUN, DEMO_ADMIN, 'outputs')
  const files = [
    chart,
    place(reportHtml, REPORT.workflowId, REPORT_RUN, DEMO_ADMIN, 'outputs'),
    place(summaryPdf, REPORT.workflowId, REPORT_RUN, DEMO_ADMIN, 'outputs'),
    place(salesCsv, IMPORT.workflowId, FIRST_IMPORT_RUN, DEMO_MEMBER, 'inputs'),
    place(importLog, IMPORT.workflowId, FIRST_IMPORT_RUN, DEMO_MEMBER, 'outputs'),
    place(rejectedCsv, IMPORT.workflowId, SECOND_IMPORT_RUN, DEMO_MEMBER, 'inputs'),
    ...furtherFiles([DEMO_MEMBER, ...COLLEAGUES]).map(({ path, workflowId, runId, createdBy, direction, ...file }) =>
      ({ objectKey: placeAt(path, workflowId, runId, createdBy, direction), file })),
  ]
  const organisation: DemoOrganisation = {
    orgKey: DEMO_ORG_KEY,
    admin: DEMO_ADMIN,
    member: DEMO_MEMBER,
    objectKeys: files.map(({ objectKey }) => objectKey),
    showcase: chart.objectKey,
    totalBytes: files.reduce((sum, { file }) => sum + file.body.length, 0),
  }
  return { files, organisation }
}

/** Undefined if it is missing or unusable. */
async function readMarker (path: string): Promise<Marker | undefined> {
  try {
    const marker: unknown = JSON.parse(await readFile(path, 'utf8'))
    return Value.Check(MarkerSchema, marker) ? marker : undefined
  } catch (error) {
    if (error instanceof SyntaxError || errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Written atomically, and readable only by the owner, since object keys are secrets. */
async function writeMarker (path: string, marker: Marker): Promise<void> {
  const temporaryPath = `${path}.new`
  await writeFile(temporaryPath, JSON.stringify(marker, null, 2), { mode: 0o600 })
  await rename(temporaryPath, path)
}
