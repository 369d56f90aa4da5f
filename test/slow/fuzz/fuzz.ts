import fc from 'fast-check'
import { createJudge } from './documented-answers.js'
import { type ApiDocument, readApiDocument } from './operations.js'
import { otherRequests, requestsFor } from './requests.js'
import type { Answer, FuzzRequest, Target } from './target.js'

/** How requests are generated: always the same for the same seed. */
export interface FuzzOptions {
  /** Requests for each operation. */
  runs: number
  seed: number
  /** Receives every answer; without it the log is discarded after each, since that of a long run would not fit into memory. */
  onAnswer?: (answer: Answer) => void
}

/** What is fuzzed, and how often each status was answered. */
export interface FuzzPart {
  name: string
  /** @throws with the smallest request found whose answer is not as documented */
  run: () => Promise<Map<number, number>>
}

const OTHER = 'any other path'

/** The parts of a fuzz run: one for each operation of openapi.yaml, and one for everything else. */
export async function fuzzParts (target: Target, { runs, seed, onAnswer }: FuzzOptions): Promise<FuzzPart[]> {
  const document: ApiDocument = await readApiDocument()
  const judge = await createJudge(document, target.secrets)

  const part = (
    name: string, requests: fc.Arbitrary<FuzzRequest>, ofAnswer: (answer: Answer, sent: FuzzRequest) => string | undefined,
  ): FuzzPart => ({
    name,
    run: async () => {
      const statuses = new Map<number, number>()
      await fc.assert(fc.asyncProperty(requests, async (request) => {
        const answer = await target.send(request)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const wrong = ofAnswer(answer, request)
        if (wrong !== undefined) throw new Error(`${wrong}: ${answer.status} ${JSON.stringify(answer.headers)} ${answer.body.toString().slice(0, 2000)}`)
        if (request.method === 'DELETE' && answer.status < 300) await target.restoreFiles()
        if (request.method === 'PUT' && answer.status < 300) await target.liftQuota()
        if (onAnswer === undefined) target.log.length = 0
        else onAnswer(answer)
      }), { numRuns: runs, seed, includeErrorInReport: true })
      return statuses
    },
  })
  return [
    ...document.operations.map((operation) => part(
      operation.operationId,
      requestsFor(operation, document, target),
      (answer, { path }) =>
        isForAnotherPath(operation.path, path) ? judge.ofOther(answer) : judge.ofOperation(operation, answer),
    )),
    part(OTHER, otherRequests(document, target), judge.ofOther),
  ]
}

/** Whether a path parameter is empty, so that the path does not match the operation. */
function isForAnotherPath (template: string, path: string): boolean {
  const pattern = template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')
  return !new RegExp(`^${pattern}$`).test(path.split(/[?;#]/)[0] ?? '')
}
