import { encodeComponent } from '../../http/percent-encoding.js'
import type { Caller } from '../../schemas/token-claims.js'
import { type DemoStore, seedDemoOrganisation } from './organisation.js'

/** What the demo needs of the running service. */
export interface DemoService extends DemoStore {
  dataDirectory: string
  /** The service's origin. */
  address: string
  /** Counts what some work puts once that has ended, in one batch. */
  countTogether <Result> (work: () => Promise<Result>): Promise<Result>
  /** Resolves once everything that was put before has been counted. */
  settled (): Promise<void>
  /** Signs a token that is valid for 30 days. */
  signToken (caller: Caller): string
}

/**
 * Creates the demo organisation on the first start, waits until its files are counted, and tells a newcomer where to look.
 *
 * @returns lines for the terminal only, since they contain a token and an object key
 */
export async function introduce (service: DemoService): Promise<string> {
  const { address } = service
  const demo = await service.countTogether(() => seedDemoOrganisation(service.dataDirectory, service))
  await service.settled()
  const token = service.signToken({ userId: demo.admin, orgKey: demo.orgKey, roles: ['admin'] })
  const objects = `${address}/api/v1/objects`
  return `
Objects & Storage runs at ${address}
Page:             ${address}/app#token=${token}
Swagger UI:       ${address}/documentation
A file to get:    ${objects}/download?objectKey=${encodeComponent(demo.showcase)}
A token (30 days, for development only):
  ${token}
What the demo organisation stores:
  curl -H 'Authorization: Bearer ${token}' ${objects}/storage-usage
`
}
