import type { UsageDay, WorkflowUsage } from './answers.js'
import { type Layer, stack } from './layers.js'
import type { Service } from './service.js'

const DAY_MS = 86_400_000

/** What was stored day by day. */
export interface Trend {
  days: readonly UsageDay[]
  /** The largest workflows, and then everything else: on each day they add up to the total. Empty if it is not divided. */
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
