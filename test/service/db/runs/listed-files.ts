import { prefixOf } from '../../../../objects/object-key.js'

const id = (number: number) => `00000000-0000-4000-8000-0000000000${String(number).padStart(2, '0')}`

export const [user, otherUser] = [id(1), id(2)] as const
export const workflows = [id(10), id(11), id(12)] as const
/** The first has the most files, the second the most bytes, and the third has a file without an event. */
export const runs = [
  { workflowId: workflows[0], runId: id(20) }, { workflowId: workflows[0], runId: id(21) },
  { workflowId: workflows[0], runId: id(22) },
  { workflowId: workflows[1], runId: id(23) }, { workflowId: workflows[2], runId: id(24) },
] as const

interface Run {
  workflowId: string
  runId: string
}

export interface RunFile extends Run {
  objectKey: string
  orgKey: string
  createdBy: string
  direction: 'inputs' | 'outputs'
  path: string
  sizeBytes: number
  eventTime: Date | undefined
}

const hourAgo = Date.now() - 3_600_000

/** A file of a run; the number is its size, and makes its token and time. */
export function fileIn (run: Run, path: string, number: number, more: Partial<RunFile> = {}): RunFile {
  const { orgKey = 'acme', createdBy = user, direction = 'outputs' } = more
  const token = String(number).padStart(22, '0')
  const objectKey = `${prefixOf({ orgKey, ...run, createdBy })}${direction}/${token}/${path}`
  const eventTime = new Date(hourAgo + number * 1_000)
  return { ...run, objectKey, orgKey, createdBy, direction, path, sizeBytes: number, eventTime, ...more }
}

export const files: readonly RunFile[] = [
  fileIn(runs[0], 'a.txt', 1), fileIn(runs[0], 'a.txt', 2), fileIn(runs[0], 'a.txt', 3, { createdBy: otherUser }),
  fileIn(runs[0], 'plots/a.png', 4), fileIn(runs[0], 'plots/b.png', 5, { createdBy: otherUser }),
  fileIn(runs[0], 'plots/deep/c.png', 6), fileIn(runs[0], 'plots/deep/d.png', 7, { createdBy: otherUser, direction: 'inputs' }),
  fileIn(runs[0], 'plots-2/a.png', 8, { direction: 'inputs' }), fileIn(runs[0], 'plots.txt', 9), fileIn(runs[0], 'ü \u{1f600}/x', 10),
  fileIn(runs[1], 'big', 5_000, { eventTime: new Date(hourAgo) }), fileIn(runs[1], 'b', 11, { direction: 'inputs', createdBy: otherUser }),
  fileIn(runs[2], 'seen', 12, { eventTime: undefined }), fileIn(runs[2], 'c', 100, { eventTime: new Date(hourAgo + 500) }),
  fileIn(runs[3], 'd', 300, { eventTime: undefined }), fileIn(runs[4], 'e', 20, { eventTime: new Date(hourAgo + 1_800_000) }),
  fileIn({ workflowId: id(13), runId: id(25) }, 'theirs', 13, { orgKey: 'globex' }),
]
