import type { UsageDay, WorkflowUsage } from './answers.js'
import type { Service } from './service.js'

const DAY_MS = 86_400_000

/** Part of what was stored on each day, in bytes. */
interface Layer {
  name: string
  bytes: number[]
}

/** What was stored day by day. */
export interface Trend {
  days: readonly UsageDay[]
  /** The largest workflows, and after them all else: on each day they add up to the total. Empty where it is not divided. */
  layers: readonly Layer[]
}

export interface TrendRequest {
  dayCount: number
  /** Only one user's files. */
  createdBy?: string | undefined
  /** Only one workflow's. */
  workflowId?: string | undefined
  /** Workflows that the total is divided into. */
  parts: ReadonlyArray<Pick<WorkflowUsage, 'workflowId' | 'workflowName'>>
}

/** Reads the known days up to today. */
export async function readTrend (
  service: Service, { dayCount, createdBy, workflowId, parts }: TrendRequest, others: string, signal: AbortSignal,
): Promise<Trend> {
  const from = new Date(Date.now() - (dayCount - 1) * DAY_MS).toISOString().slice(0, 10)
  const readDays = async (filter: { createdBy?: string, workflowId?: string }) => {
    const { days } = await service.ask((client, ended) =>
      client.GET('/api/v1/objects/storage-usage/history', { params: { query: { from, ...filter } }, signal: ended }), signal)
    return days
  }
  const [days, ...ofParts] = await Promise.all([
    readDays({ ...createdBy === undefined ? {} : { createdBy }, ...workflowId === undefined ? {} : { workflowId } }),
    ...parts.map((part) => readDays({ workflowId: part.workflowId })),
  ])
  return { days, layers: parts.length < 2 ? [] : stack(days, parts.map(({ workflowName }) => workflowName), ofParts, others) }
}

/** Divides the totals of days among workflows, and what is left. A workflow had nothing on a day that it does not know. */
export function stack (
  days: readonly UsageDay[], names: readonly string[], ofParts: ReadonlyArray<readonly UsageDay[]>, others: string,
): Layer[] {
  const layers = names.map((name, index) => {
    const byDate = new Map(ofParts[index]?.map(({ date, totalBytes }) => [date, totalBytes]))
    return { name, bytes: days.map(({ date }) => byDate.get(date) ?? 0) }
  })
  // The answers are of slightly different instants, so that today's parts may be more than its total.
  const left = days.map(({ totalBytes }, day) =>
    Math.max(0, layers.reduce((rest, { bytes }) => rest - (bytes[day] ?? 0), totalBytes)))
  return left.some((bytes) => bytes > 0) ? [...layers, { name: others, bytes: left }] : layers
}
