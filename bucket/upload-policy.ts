/** Who may upload, and where. */
interface UploadGrant {
  bucket: string
  keyPrefix: string
  /** An ARN. */
  principal: string
}

const OWN_STATEMENTS = ['ObjectsStorageUploadsPut', 'ObjectsStorageUploadsNothingElse']

/**
 * Adds statements to a bucket's policy that let the principal put files and do nothing else; other statements stay.
 *
 * @param policy the current policy as JSON; undefined if there is none
 * @returns the new policy as JSON; undefined if the current one already says all that
 * @throws {SyntaxError} if the policy is not JSON
 */
export function withUploadStatements (
  policy: string | undefined, { bucket, keyPrefix, principal }: UploadGrant,
): string | undefined {
  const current: { Version?: string, Statement?: Statement | Statement[] } = policy === undefined ? {} : JSON.parse(policy)
  const statements = [current.Statement ?? []].flat()
  const objects = `arn:aws:s3:::${bucket}/${keyPrefix}*`
  const [putId, nothingElseId] = OWN_STATEMENTS
  const wanted = [
    { Sid: putId, Effect: 'Allow', Principal: { AWS: [principal] }, Action: ['s3:PutObject'], Resource: [objects] },
    {
      Sid: nothingElseId,
      Effect: 'Deny',
      Principal: { AWS: [principal] },
      NotAction: ['s3:PutObject'],
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    },
  ]
  const isOwn = ({ Sid: id = '' }: Statement) => OWN_STATEMENTS.includes(id)
  if (JSON.stringify(statements.filter(isOwn).map(comparable)) === JSON.stringify(wanted.map(comparable))) return undefined
  return JSON.stringify({
    ...current, Version: current.Version ?? '2012-10-17', Statement: [...statements.filter((statement) => !isOwn(statement)), ...wanted],
  })
}

interface Statement {
  Sid?: string
  [name: string]: unknown
}

/** Stores return a list of one as a single value, and reorder names and values. */
function comparable (value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 ? comparable(value[0]) : value.map(comparable).sort()
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value).map(([name, part]) => [name, comparable(part)]).sort()
}
