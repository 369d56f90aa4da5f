import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { NotificationConfig, TopicConfig } from 'minio'

/**
 * A server that passes notifications on with the token, which Ceph RGW cannot be made to send over plain HTTP.
 *
 * @param answers receives the status of every answer; the server then emits `answered`
 * @param isInPath whether the token goes into the path instead of a header, as for stores that cannot send one
 */
export async function startRelay (
  app: FastifyInstance, token: string, answers: number[], isInPath = false,
): Promise<Server> {
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const { statusCode, body } = await app.inject({
      method: 'POST',
      url: `/api/v1/objects/events${isInPath ? `/t/${token}` : ''}`,
      headers: {
        'content-type': request.headers['content-type'] ?? '',
        ...isInPath ? {} : { authorization: `Bearer ${token}` },
      },
      payload: await buffer(request),
    })
    answers.push(statusCode)
    server.emit('answered')
    response.writeHead(statusCode).end(body)
  }
  const server = createServer((request, response) => {
    pass(request, response).catch((error: unknown) => { response.destroy(error instanceof Error ? error : undefined) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** What a bucket is to send, and where to. */
interface WantedNotification {
  path: string
  kinds: string[]
  /** The prefix of the keys; empty for all. */
  prefix: string
}

/** Makes the store send its notifications to a server. Returns false if it has no topics, as all but Ceph RGW. */
export async function subscribe (
  app: FastifyInstance, server: Server,
  { path = '/', kinds = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'], prefix = '' }: Partial<WantedNotification> = {},
): Promise<boolean> {
  const { minio, storeTarget: { bucket, region } } = app
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : ''
  const parameters = new URLSearchParams({
    Action: 'CreateTopic',
    Name: bucket,
    'Attributes.entry.1.key': 'push-endpoint',
    'Attributes.entry.1.value': `http://127.0.0.1:${port}${path}`,
  })
  const answer = await minio.makeRequestAsync({
    method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }, parameters.toString(), [200, 400, 403, 404, 405, 501], region)
  const document = (await buffer(answer)).toString()
  const arn = /<TopicArn>([^<]+)<\/TopicArn>/.exec(document)?.[1]
  if (arn === undefined) return false
  const topic = new TopicConfig(arn)
  topic.setId('usage')
  for (const kind of kinds) topic.addEvent(kind)
  if (prefix !== '') topic.addFilterPrefix(prefix)
  const configuration = new NotificationConfig()
  configuration.add(topic)
  await minio.setBucketNotification(bucket, configuration)
  return true
}
