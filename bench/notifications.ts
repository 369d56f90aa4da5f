import { randomBytes, randomUUID } from 'node:crypto'

/** Makes notifications of new files, as MinIO sends them, each with the given number of records. */
export function createNotifications (bucket: string, records: number): () => string {
  const userId = randomUUID()
  const workflows = Array.from({ length: 10 }, () => randomUUID())
  const prefix = randomBytes(8).toString('hex')
  let madeCount = 0
  function makeRecord () {
    const number = ++madeCount
    const key = `bench/workflows/${workflows[number % workflows.length]}/runs/${userId}/users/${userId}/outputs/` +
      `${prefix}${number.toString(36).padStart(22, '0')}/result.csv`
    const now = new Date()
    return {
      eventVersion: '2.0',
      eventSource: 'minio:s3',
      awsRegion: '',
      eventTime: now.toISOString(),
      eventName: 's3:ObjectCreated:Put',
      userIdentity: { principalId: 'minio' },
      requestParameters: { principalId: 'minio', region: '', sourceIPAddress: '172.18.0.1' },
      responseElements: { 'x-amz-request-id': '17F427499AC0BA8F', 'x-minio-origin-endpoint': 'http://172.18.0.6:9000' },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'Config',
        bucket: { name: bucket, ownerIdentity: { principalId: 'minio' }, arn: 'arn:aws:s3:::objects' },
        object: {
          key: encodeURIComponent(key),
          size: 1000,
          eTag: '5d41402abc4b2a76b9719d911017c592',
          contentType: 'text/csv',
          userMetadata: { 'content-type': 'text/csv' },
          sequencer: (BigInt(now.getTime()) * 1_000_000n + BigInt(number)).toString(16).toUpperCase(),
        },
      },
      source: { host: '172.18.0.1', port: '', userAgent: 'MinIO (linux; amd64) minio-go' },
    }
  }
  return () => {
    const Records = Array.from({ length: records }, makeRecord)
    return JSON.stringify({ EventName: 's3:ObjectCreated:Put', Key: Records[0]?.s3.object.key, Records })
  }
}
