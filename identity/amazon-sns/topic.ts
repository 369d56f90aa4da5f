/** A topic of Amazon SNS. */
export interface SnsTopic {
  arn: string
  /** Where SNS is in the topic's region: the one host that is asked about the topic. */
  host: string
}

// "Amazon SNS endpoints and quotas", AWS General Reference.
const DOMAINS = new Map([['aws', 'amazonaws.com'], ['aws-us-gov', 'amazonaws.com'], ['aws-cn', 'amazonaws.com.cn']])
const arnPattern = /^arn:([a-z-]+):sns:([a-z]{2}(?:-[a-z]+)+-\d{1,2}):\d{12}:[A-Za-z0-9_-]{1,256}$/

/**
 * Reads the ARN of a topic.
 *
 * @throws {TypeError} if it is not one, or its partition's hosts are not known
 */
export function readTopicArn (arn: string): SnsTopic {
  const [, partition = '', region = ''] = arnPattern.exec(arn) ?? []
  const domain = DOMAINS.get(partition)
  if (domain === undefined) throw new TypeError('This is not the ARN of an Amazon SNS topic.')
  return { arn, host: `sns.${region}.${domain}` }
}
