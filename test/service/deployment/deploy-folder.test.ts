import { generateKeyPairSync } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import t from 'tap'
import { parse } from 'yaml'
import { ConfigError, ConfigSchema, loadConfig } from '../../../config.js'
import { freePort } from '../../support/free-port.js'
import { startService } from '../../support/service.js'

const deploy = new URL('../../../deploy/', import.meta.url)
const read = async (path: string) => await readFile(new URL(path, deploy), 'utf8')
const manifest = async <Schema extends TSchema>(name: string, schema: Schema): Promise<Static<Schema>> =>
  Value.Parse(schema, parse(await read(`kubernetes/${name}`)))

const ProbeSchema = Type.Object({
  httpGet: Type.Object({ path: Type.String(), port: Type.String() }),
  timeoutSeconds: Type.Optional(Type.Integer()),
})
const DeploymentSchema = Type.Object({
  spec: Type.Object({
    replicas: Type.Integer(),
    selector: Type.Object({ matchLabels: Type.Unknown() }),
    template: Type.Object({
      metadata: Type.Object({ labels: Type.Unknown(), annotations: Type.Record(Type.String(), Type.String()) }),
      spec: Type.Object({
        terminationGracePeriodSeconds: Type.Integer(),
        securityContext: Type.Object({ runAsNonRoot: Type.Boolean() }),
        containers: Type.Array(Type.Object({
          ports: Type.Array(Type.Object({ name: Type.String(), containerPort: Type.Integer() })),
          envFrom: Type.Array(Type.Unknown()),
          startupProbe: ProbeSchema,
          readinessProbe: ProbeSchema,
          livenessProbe: ProbeSchema,
          securityContext: Type.Object({ readOnlyRootFilesystem: Type.Boolean(), allowPrivilegeEscalation: Type.Boolean() }),
        })),
      }),
    }),
  }),
})
const variables = Type.Record(Type.String(), Type.String())

const deployment = await manifest('deployment.yaml', DeploymentSchema)
const { data: configMap } = await manifest('config-map.yaml', Type.Object({ data: variables }))
const { stringData: secret } = await manifest('secret.example.yaml', Type.Object({ stringData: variables }))
const { spec: pod, metadata } = deployment.spec.template
const [container] = pod.containers
if (container === undefined) throw new Error('The deployment has no container.')

t.test('the settings for Kubernetes are the service\'s own, and it starts with them once the secrets are filled in', async (t) => {
  for (const name of Object.keys({ ...configMap, ...secret })) t.ok(Object.hasOwn(ConfigSchema.properties, name), name)
  t.throws(() => loadConfig({ ...configMap, ...secret }), ConfigError, 'empty secrets are refused')
  const filledIn: typeof secret = {
    DATABASE_URL: 'postgres://objects:password@postgres:5432/objects',
    S3_ACCESS_KEY: 'access',
    S3_SECRET_KEY: 'secret',
    S3_UPLOAD_ACCESS_KEY: 'upload',
    S3_UPLOAD_SECRET_KEY: 'secret',
    JWT_PUBLIC_KEY: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    SERVICE_SECRET: 'a-secret-of-the-service-that-is-long-enough',
    EVENTS_TOKEN: 'a-token-for-events-that-is-long-enough',
  }
  t.same(Object.keys(secret).toSorted(), Object.keys(filledIn).toSorted())
  t.equal(loadConfig({ ...configMap, ...filledIn }).NODE_ENV, 'production')
})

t.test('the pods get those settings, and more time to end than the service takes', async (t) => {
  t.same(container.envFrom, [{ configMapRef: { name: 'objects-storage' } }, { secretRef: { name: 'objects-storage' } }])
  t.ok(pod.terminationGracePeriodSeconds > Number(configMap.SHUTDOWN_DELAY) + Number(configMap.SHUTDOWN_GRACE) + 15)
  t.ok(deployment.spec.replicas >= 2)
  t.same(deployment.spec.selector.matchLabels, metadata.labels)
  t.match(container.securityContext, { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
  t.equal(pod.securityContext.runAsNonRoot, true)
  t.same(container.ports, [{ name: 'http', containerPort: Number(configMap.PORT) }])
})

t.test('the service and the disruption budget select the pods', async (t) => {
  const service = await manifest('service.yaml', Type.Object({ spec: Type.Object({ selector: Type.Unknown() }) }))
  t.same(service.spec.selector, metadata.labels)
  const budget = await manifest('pod-disruption-budget.yaml', Type.Object({
    spec: Type.Object({ minAvailable: Type.Integer(), selector: Type.Object({ matchLabels: Type.Unknown() }) }),
  }))
  t.same(budget.spec.selector.matchLabels, metadata.labels)
  t.ok(budget.spec.minAvailable < deployment.spec.replicas)
})

t.test('every manifest names its kind', async (t) => {
  for (const name of await readdir(new URL('kubernetes/', deploy))) {
    t.match(parse(await read(`kubernetes/${name}`)), { apiVersion: /./, kind: /./, metadata: { name: 'objects-storage' } }, name)
  }
})

t.test('on the running service', async (t) => {
  // With a queue, even one that nobody serves, it has the metrics of queues.
  const { app } = await startService(t, {
    EVENTS_NATS_URL: `nats://127.0.0.1:${await freePort()}`, EVENTS_NATS_STREAM: 'A', EVENTS_NATS_CONSUMER: 'b',
  })
  await app.listen({ host: '127.0.0.1', port: 0 })

  t.test('probes and scrapes are answered', async (t) => {
    const { startupProbe, readinessProbe, livenessProbe } = container
    for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
      t.equal(httpGet.port, 'http')
      t.equal((await app.inject(httpGet.path)).statusCode, 200)
    }
    t.ok((readinessProbe.timeoutSeconds ?? 1) > 2, 'a check may take two seconds')
    t.equal(metadata.annotations['prometheus.io/port'], configMap.PORT)
    t.equal((await app.inject(metadata.annotations['prometheus.io/path'] ?? '')).statusCode, 200)
    const { scrape_configs: [job] } = Value.Parse(
      Type.Object({ scrape_configs: Type.Array(Type.Object({ metrics_path: Type.String() })) }), parse(await read('prometheus/prometheus.yml')))
    t.equal((await app.inject(job?.metrics_path ?? '')).statusCode, 200)
  })

  t.test('every metric that the dashboard, the alerts and the documentation name is there', async (t) => {
    const text = (await app.inject('/metrics')).body
    const known = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]))
    const isKnown = (name: string) => known.has(name) || known.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram'
    const named = (source: string) => new Set([...source.matchAll(/\b(?:http|objects_storage|process|nodejs)_\w*[a-z]\b/g)].map(([name]) => name))

    const PanelSchema = Type.Object({ title: Type.String(), targets: Type.Array(Type.Object({ expr: Type.String() })) })
    const { panels } = Value.Parse(
      Type.Object({ panels: Type.Array(PanelSchema) }), JSON.parse(await read('grafana/objects-storage.json')))
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const names = named(expr.replaceAll('{job="$job"', '{'))
        t.ok(names.size > 0 || expr.includes('up{'), title)
        for (const name of names) t.ok(isKnown(name), `${title}: ${name}`)
      }
    }
    const { groups } = Value.Parse(Type.Object({
      groups: Type.Array(Type.Object({ rules: Type.Array(Type.Object({ alert: Type.String(), expr: Type.String() })) })),
    }), parse(await read('prometheus/alerts.yml')))
    for (const { alert, expr } of groups.flatMap(({ rules }) => rules)) {
      for (const name of named(expr)) t.ok(isKnown(name), `${alert}: ${name}`)
    }
    const documented = named((await read('README.md')).split('## Metrics')[1]?.split('## Traces')[0] ?? '')
    for (const name of documented) t.ok(isKnown(name), name)
    const own = [...known.keys()].filter((name) => /^(http|objects_storage)_/.test(name))
    for (const name of own) t.ok(documented.has(name), `${name} is documented`)
  })
})
