import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { boundaryValues, contentTypes, hostileBodies, hostileJson, hostileStrings } from './hostile-values.js'
import { type ApiDocument, type JsonSchema, type Operation, type Parameter, resolveSchema } from './operations.js'
import { runId, workflowId } from '../../support/service.js'
import type { FuzzRequest, Target } from './target.js'
import { type ValidValues, createValidValues } from './valid-values.js'

/** What the requests need to know about the service under test. */
interface Known extends Pick<Target, 'objectKeys' | 'sealed' | 'shareIds' | 'tokens' | 'pathToken' | 'publish'> {
  uploadIds: string[]
}

/** Requests for an operation: valid ones, and those with one or a few flaws each. */
export function requestsFor (operation: Operation, document: ApiDocument, target: Target): fc.Arbitrary<FuzzRequest> {
  const uploadIds = target.uploadIds(operation.operationId)
  const known = { ...target, uploadIds }
  const { parameters, body, security } = operation
  const members = body === undefined ? [] : Object.keys(resolveSchema(body, document).properties ?? {})
  const valid = createValidValues(document)
  const validValues: ValidValues = (schema) => {
    if (isUploadId(schema)) return fc.constantFrom(...uploadIds)
    if (isListOfKeys(schema)) return fc.array(fc.constantFrom(...target.objectKeys), { minLength: 1, maxLength: 5 })
    return valid(schema)
  }
  const events = eventBodies.get(operation.operationId)?.(readNotifications(), known)
  const places = [
    ...parameters.map(({ name }) => `parameter ${name}`), ...members.map((name) => `member ${name}`),
    'query', 'body', 'content type', 'headers', 'authorization',
  ]
  const flaws = fc.oneof(
    { weight: 2, arbitrary: fc.constant<string[]>([]) },
    { weight: 3, arbitrary: fc.constantFrom(...places).map((place) => [place]) },
    fc.uniqueArray(fc.constantFrom(...places), { maxLength: 4 }),
  )
  return flaws.chain((flawed) => {
    const isFlawed = (place: string) => flawed.includes(place)
    return fc.record({
      path: pathOf(operation, validValues, known, isFlawed),
      query: queryOf(parameters, validValues, known, isFlawed),
      headers: isFlawed('headers') ? hostileHeaders : soundHeaders,
      authorization: isFlawed('authorization') ? hostileAuthorization(known) : soundAuthorization(security, known),
      contentType: isFlawed('content type') ? fc.constantFrom(...contentTypes) : fc.constant('application/json'),
      body: events === undefined ? bodyOf(operation, document, validValues, isFlawed) : events(isFlawed),
    }).map(({ path, query, headers, authorization, contentType, body }) => ({
      method: operation.method,
      path: query === '' ? path : `${path}?${query}`,
      headers: {
        ...headers,
        ...authorization === undefined ? {} : { authorization },
        ...body === undefined || contentType === undefined ? {} : { 'content-type': contentType },
      },
      ...body === undefined ? {} : { body },
    }))
  })
}

/** Members of bodies that are valid together, where a schema cannot say so; required members come with each. */
const soundMembers = new Map([
  ['createShare', [['objectKey'], ['workflowId', 'runId'], ['workflowId', 'runId', 'prefix', 'expiresIn', 'type', 'note']]],
  ['createUpload', [['path'], ['fileName'], ['path', 'ifAbsent'], ['fileName', 'sizeBytes', 'multipart'], ['path', 'sizeBytes']]],
])

/** Its pattern allows texts that only the service can make. */
function isUploadId ({ description = '' }: JsonSchema): boolean {
  return description.startsWith('Identifies the upload to this service;')
}

/** Hardly any made-up key would be that of a file. */
function isListOfKeys ({ items }: JsonSchema): boolean {
  return items?.$ref === '#/components/schemas/ObjectKey'
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE']

/** Requests with any method for any path: documented, hidden, or nonexistent. */
export function otherRequests ({ operations }: ApiDocument, known: Pick<Known, 'tokens'>): fc.Arbitrary<FuzzRequest> {
  const open = ['/', '/documentation/', '/metrics', '/health/live', '/health/ready', '/usage']
  const prefixes = [...operations.map(({ path }) => path.replace(/\{.*/, '')), '/documentation/static/', '/api/']
  return fc.record({
    method: fc.constantFrom(...methods),
    path: fc.tuple(fc.oneof(fc.constantFrom(...open), fc.constantFrom(...prefixes)), fc.oneof(fc.constant(''), encodedStrings(hostileStrings), fc.constantFrom('%zz', '%ff', '//', '/..', '*')))
      .map((parts) => parts.join('')),
    headers: hostileHeaders,
    authorization: hostileAuthorization(known),
    body: fc.option(hostileBodies('{"name":"x"}'), { nil: undefined }),
  }).map(({ method, path, headers, authorization, body }) => ({
    method,
    path,
    headers: { ...headers, ...authorization === undefined ? {} : { authorization } },
    ...body === undefined ? {} : { body },
  }))
}

/** Percent-encodes UTF-8, and a lone surrogate as if it had its own encoding. */
function percentEncode (text: string): string {
  return Array.from(text, (character) => {
    const point = character.codePointAt(0) ?? 0
    const isLoneSurrogate = point >= 0xd800 && point <= 0xdfff
    if (!isLoneSurrogate) return encodeURIComponent(character)
    return [0xe0 | point >> 12, 0x80 | point >> 6 & 0x3f, 0x80 | point & 0x3f].map((byte) => `%${byte.toString(16)}`).join('')
  }).join('')
}

function encodedStrings (texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(texts, fc.constantFrom('once', 'twice', 'raw')).map(([text, how]) => {
    const encoded = percentEncode(text)
    if (how === 'twice') return percentEncode(encoded)
    return how === 'once' ? encoded : Buffer.from(text).toString('latin1').replaceAll(/[^\x21-\xff]|[#?/]/g, (character) => percentEncode(character))
  })
}

function soundValues (
  { name, schema }: Parameter, validValues: ValidValues, { objectKeys, sealed, shareIds, pathToken, uploadIds }: Known,
): fc.Arbitrary<string> {
  if (name === 'sealed') return fc.constantFrom(...sealed)
  if (name === 'id' && shareIds.length > 0) return fc.constantFrom(...shareIds)
  if (name === 'token') return fc.constant(pathToken)
  if (name === 'uploadId') return fc.constantFrom(...uploadIds)
  const sound = validValues(schema).map(String)
  const known = new Map([['objectKey', objectKeys], ['workflowId', [workflowId]], ['runId', [runId]]]).get(name)
  return known === undefined ? sound : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, sound)
}

/** Flawed values of a parameter, including near misses. */
function flawedValues ({ schema }: Parameter, { objectKeys }: Known): fc.Arbitrary<string> {
  const nearMisses = objectKeys.flatMap((key) => [`${key}x`, key.slice(0, -1), key.toUpperCase(), `/${key}`, `${key}\0`, key.replace('outputs', 'inputs')])
  return fc.oneof(hostileStrings, fc.constantFrom(...boundaryValues(schema).map(String), ...nearMisses))
}

function pathOf (
  { path, parameters }: Operation, validValues: ValidValues, known: Known, isFlawed: (place: string) => boolean,
): fc.Arbitrary<string> {
  const inPath = parameters.filter((parameter) => parameter.in === 'path')
  return fc.tuple(...inPath.map((parameter) => isFlawed(`parameter ${parameter.name}`)
    ? encodedStrings(flawedValues(parameter, known)).map((value) => value.replaceAll('/', '%2f'))
    : soundValues(parameter, validValues, known).map(percentEncode),
  )).map((values) => inPath.reduce((filled, { name }, index) => filled.replace(`{${name}}`, () => values[index] ?? ''), path))
}

function queryOf (
  parameters: Parameter[], validValues: ValidValues, known: Known, isFlawed: (place: string) => boolean,
): fc.Arbitrary<string> {
  const parts = parameters.filter((parameter) => parameter.in === 'query').map((parameter) => {
    const { name, required = false } = parameter
    const sound = soundValues(parameter, validValues, known).map((value) => `${name}=${percentEncode(value)}`)
    if (!isFlawed(`parameter ${name}`)) return required ? sound : fc.oneof(sound, fc.constant(''))
    return fc.oneof(
      { weight: 4, arbitrary: encodedStrings(flawedValues(parameter, known)).map((value) => `${name}=${value}`) },
      fc.tuple(sound, sound).map((both) => both.join('&')),
      fc.constantFrom('', name, `${name}=`, `${name}=%zz`, `${name}=%`, `${name}=%ff`, `${name}=\xff`, `${name}=${'a'.repeat(9000)}`),
      sound.map((part) => part.replace('=', '[]=')),
      sound.map((part) => part.replace('=', '%3D')),
      sound.map((part) => part.toUpperCase()),
    )
  })
  const extra = isFlawed('query')
    ? fc.oneof(encodedStrings(hostileStrings), encodedStrings(hostileStrings).map((value) => `extra=${value}`), fc.constantFrom('&', '&&=', '=', '?', '__proto__=1', '__proto__[a]=1'))
    : fc.constant('')
  return fc.tuple(...parts, extra).map((all) => all.filter((part) => part !== '').join('&'))
}

/** JSON, or something similar; undefined for none. */
function bodyOf (
  { operationId, method, body }: Operation,
  document: ApiDocument,
  validValues: ValidValues,
  isFlawed: (place: string) => boolean,
): fc.Arbitrary<string | undefined> {
  if (body === undefined) {
    return isFlawed('body') || isFlawed('content type') ? fc.oneof(fc.constant('{}'), hostileBodies('{"a":1}')) : fc.constant(undefined)
  }
  const schema = resolveSchema(body, document)
  const { properties = {}, required = [] } = schema
  const recordOf = (names: readonly string[], requiredKeys: readonly string[]) => fc.record(
    Object.fromEntries(names.flatMap((name) => {
      const member = properties[name]
      return member === undefined ? [] : [[name, isFlawed(`member ${name}`) ? flawedMember(member) : validValues(member)]]
    })), { requiredKeys: requiredKeys.filter((name) => !isFlawed(`member ${name}`)) })
  const choices = soundMembers.get(operationId)?.map((names) => [...required, ...names])
  const all = recordOf(Object.keys(properties), required)
  const json = choices === undefined
    ? all
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...choices).chain((names) => recordOf(names, names)) }, all)
  const text = json.map((value) => Buffer.from(JSON.stringify(value)).toString('latin1'))
  if (!isFlawed('body')) return text
  return fc.oneof(
    json.chain((value) => hostileBodies(JSON.stringify(value))),
    fc.tuple(json, hostileStrings, hostileJson).map(([value, name, extra]) => Buffer.from(JSON.stringify({ ...value, [name]: extra })).toString('latin1')),
    hostileJson.map((value) => Buffer.from(JSON.stringify(value) ?? '').toString('latin1')),
    fc.constant(undefined).filter(() => method !== 'GET'),
  )
}

function flawedMember (schema: JsonSchema): fc.Arbitrary<unknown> {
  const near = boundaryValues(schema)
  return near.length === 0 ? hostileJson : fc.oneof(hostileJson, fc.constantFrom(...near))
}

/** Notifications recorded from real stores, as JSON. */
function readNotifications (): string[] {
  return ['aws', 'ceph', 'minio'].flatMap((vendor) => {
    const url = new URL(`../../fixtures/notifications-${vendor}.json`, import.meta.url)
    const documents: Record<string, unknown> = JSON.parse(readFileSync(url, 'utf8'))
    return Object.values(documents).map((document) => JSON.stringify(document))
  })
}

type EventBodies = (recorded: string[], known: Known) => (isFlawed: (place: string) => boolean) => fc.Arbitrary<string>

/** Bodies of the operations that take notifications, which their schemas say little about. */
const eventBodies = new Map<string, EventBodies>([
  ['receiveBucketEvents', bucketEvents],
  ['receiveBucketEventsByPath', bucketEvents],
  ['receivePubSubPush', (_recorded, known) => bucketEvents([PUB_SUB_PUSH], known)],
  ['receiveSnsMessage', snsMessages],
])
const PUB_SUB_PUSH = JSON.stringify({ message: { attributes: { eventType: 'OBJECT_DELETE', bucketId: 'objects', objectId: 'a/workflows/b' } } })

function bucketEvents (recorded: string[], known: Known): ReturnType<EventBodies> {
  const sound = soundNotifications(recorded, known)
  return (isFlawed) => notifications(sound, isFlawed('body'))
}

/** Messages of Amazon SNS that bring notifications, with members replaced after they were signed. */
function snsMessages (recorded: string[], known: Known): ReturnType<EventBodies> {
  const messages = soundNotifications(recorded, known).map(known.publish)
  return (isFlawed) => {
    const flawed = messages.chain((message) => fc.tuple(...Object.entries(message).map(([name, value]) => {
      const values = isFlawed(`member ${name}`) ? fc.oneof(hostileStrings, hostileJson) : fc.constant(value)
      return values.map((chosen) => [name, chosen] as const)
    }))).map((entries) => JSON.stringify(Object.fromEntries(entries)))
    return notifications(flawed, isFlawed('body'))
  }
}

/** Notifications as stores send them, about existing files. */
function soundNotifications (recorded: string[], { objectKeys }: Known): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...recorded), fc.constantFrom(...objectKeys)).map(([text, objectKey]) =>
    text.replaceAll(/"(key|objectId)":"[^"]*workflows[^"]*"/g, (_whole, name) => `"${name}":${JSON.stringify(objectKey)}`))
}

/** Bodies as they are sent, with any part replaced. */
function notifications (sound: fc.Arbitrary<string>, isFlawed: boolean): fc.Arbitrary<string> {
  const asBytes = (text: string) => Buffer.from(text).toString('latin1')
  if (!isFlawed) return sound.map(asBytes)
  const replaced = fc.tuple(sound, fc.nat(), hostileJson).map(([text, at, value]) => {
    const parts = text.match(/:(?:"(?:[^"\\]|\\.)*"|[\d.]+|null|true|false)/g) ?? []
    return text.replace(parts[at % parts.length] ?? '', () => `:${JSON.stringify(value) ?? 'null'}`)
  })
  return fc.oneof({ weight: 3, arbitrary: replaced.map(asBytes) }, sound.chain(hostileBodies), hostileJson.map((value) => asBytes(JSON.stringify(value) ?? '')))
}

const meaningfulHeaders: Record<string, string[]> = {
  accept: ['application/json', '*/*', 'text/html', 'application/json;q=0', 'application/json;q=0.001, */*'],
  'accept-encoding': ['gzip', 'identity;q=0', 'br, *;q=0'],
  range: ['bytes=0-9', 'bytes=-5', 'bytes=999999-', 'bytes=0-0,5-9', 'bytes=9-0', 'lines=1-2', `bytes=${'0-1,'.repeat(500)}0-1`],
  'if-match': ['*', '"other"', 'W/"x"', '"a", "b"'],
  'if-none-match': ['*', '"other"', 'W/"x"', '"unterminated'],
  'if-modified-since': ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 2094 08:49:37 GMT', 'yesterday'],
  'if-unmodified-since': ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 2094 08:49:37 GMT', '0'],
  'if-range': ['"other"', 'Sun, 06 Nov 1994 08:49:37 GMT'],
  expect: ['100-continue', 'something-else'],
  host: ['files.example.com', '', 'a b', '[::1]:80', 'example.com:99999', 'example.com/path', '\xff', 'user@example.com', '-'],
  'x-request-id': ['abc', 'a'.repeat(5000)],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-0-0-0', 'ff-'],
  tracestate: ['a=b', ','.repeat(600)],
  baggage: ['a=b', `${'a=b,'.repeat(200)}`],
  'x-forwarded-for': ['10.0.0.1', '::1, 10.0.0.1', 'unknown', ','.repeat(100)],
  'x-forwarded-proto': ['https', 'javascript'],
  'x-forwarded-host': ['evil.example'],
  forwarded: ['for=1.2.3.4;host=evil.example;proto=https'],
  origin: ['https://app.example.com', 'null', '*'],
  referer: ['https://app.example.com/'],
  cookie: ['token=x', '='],
  'content-encoding': ['gzip', 'identity'],
  'accept-version': ['1.x', '99'],
  'x-http-method-override': ['DELETE'],
  upgrade: ['h2c', 'websocket'],
  te: ['trailers'],
  connection: ['close', 'keep-alive, upgrade'],
}

const inHeader = (text: string) => Buffer.from(text).toString('latin1').replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
const sensible = Object.entries(meaningfulHeaders).flatMap(([name, values]) => values.map((value) => [name, value] as const))
const harmful = fc.tuple(fc.constantFrom(...Object.keys(meaningfulHeaders)), hostileStrings.map(inHeader))

const soundHeaders = fc.dictionary(fc.constantFrom('accept', 'range', 'if-none-match'), fc.constantFrom('*/*', 'application/json', 'bytes=0-3'), { maxKeys: 1 })
const hostileHeaders = fc.uniqueArray(fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...sensible) }, harmful), {
  minLength: 1, maxLength: 4, selector: ([name]) => name,
}).map((entries) => Object.fromEntries(entries))

type Authorization = string | string[] | undefined

function soundAuthorization (security: string | undefined, { tokens }: Known): fc.Arbitrary<Authorization> {
  if (security === 'eventsToken' || security === 'pushToken') return fc.constantFrom(...tokens[security])
  return security === undefined ? fc.constant(undefined) : fc.constantFrom(...tokens.bearerAuth)
}

function hostileAuthorization ({ tokens }: Pick<Known, 'tokens'>): fc.Arbitrary<Authorization> {
  const all = [...tokens.bearerAuth, ...tokens.eventsToken, ...tokens.pushToken]
  const [one = ''] = all
  return fc.oneof(
    fc.constantFrom<Authorization[]>(undefined, '', 'Bearer', 'Bearer ', 'Basic Og==', 'Basic !', one.toLowerCase(), `${one}x`, one.replace(/\.[^.]*$/, '.'),
      `Bearer ${'a'.repeat(9000)}`, 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.', 'Bearer a.b.c', 'Bearer null.null.null', [one, one], `${one}, ${one}`),
    fc.constantFrom(...all),
    hostileStrings.map((text) => `Bearer ${inHeader(text)}`),
    hostileStrings.map(inHeader),
    fc.constantFrom(...all).chain((token) => fc.nat(token.length - 1).map((at) => `${token.slice(0, at)}A${token.slice(at + 1)}`)),
  )
}
