import t from 'tap'
import { misspeltSettings } from '../../../config/misspelt-settings.js'
import { ConfigSchema } from '../../../config.js'

const namesOf = (...names: string[]) => misspeltSettings(Object.fromEntries(names.map((name) => [name, 'x'])))

t.test('a variable that is all but a setting is told, with the setting', async (t) => {
  for (const [name, meant] of [
    ['S3_ENDPIONT', 'S3_ENDPOINT'], ['JWT_SECRETS', 'JWT_SECRET'], ['DATABASE_URI', 'DATABASE_URL'], ['LOGLEVEL', 'LOG_LEVEL'],
    ['S3_BUKCETS', 'S3_BUCKET'], ['DATADIR', 'DATA_DIR'], ['s3_region', 'S3_REGION'], ['PROT', 'PORT'],
  ] as const) t.strictSame(namesOf(name), [{ name, meant }])
})

t.test('settings, and what systems and orchestrators set, are not told', async (t) => {
  t.strictSame(namesOf(...Object.keys(ConfigSchema.properties)), [])
  t.strictSame(namesOf(
    'HOME', 'PATH', 'PWD', 'HOSTNAME', 'POD_NAME', 'TZ', 'NODE_OPTIONS', 'npm_config_port', 'host', 'port', 'PORTAGE', 'JAVA_HOME',
    'KUBERNETES_PORT', 'KUBERNETES_SERVICE_HOST', 'DATABASE_PORT', 'DATABASE_SERVICE_PORT', 'REDIS_PORT', 'REDIS_PORT_6379_TCP', 'S3_PORT',
    'OBJECTS_STORAGE_PORT', 'OBJECTS_STORAGE_SERVICE_HOST', 'OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_RESOURCE_ATTRIBUTES', 'PGHOST',
    'TEST_DATABASE_URL', 'POSTGRES_PASSWORD', 'JAVA_DIR',
  ), [])
})
