/** Only the name and status of an error of AWS's SDK: its message may contain what a command or a server answered. */
export function describeAwsFailure (error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  const hasStatus = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata &&
    metadata.httpStatusCode !== undefined
  return `${error.name}${hasStatus ? ` (status ${Number(metadata.httpStatusCode)})` : ''}`
}
