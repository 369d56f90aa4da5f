import { Type } from '@sinclair/typebox'
import { choice, httpUrlWithPath } from './forms.js'

/** The service itself: where it listens, what it logs, how it stops. */
export const service = {
  NODE_ENV: Type.Optional(Type.String({
    description: '`production` refuses the embedded database and the embedded object storage.',
  })),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000, description: 'TCP port to listen on; 0 takes any free port.' }),
  HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on; `0.0.0.0` is all of them, and ' +
    '`unix:/run/objects.sock` a Unix socket, in place of address and port.',
  }),
  SOCKET_MODE: Type.String({
    pattern: '^0?[0-7]{3}$',
    words: 'permissions of a file, as chmod takes them',
    default: '660',
    description: 'Who may connect to the Unix socket of `HOST`: its permissions, as `chmod` takes them.',
  }),
  PUBLIC_URL: Type.Optional(httpUrlWithPath({
    description: 'Address at which people reach this service, for the links that it hands out. It may have a path. Unset: as each ' +
      'request names it.',
    examples: ['https://files.example.com'],
  })),
  BASE_PATH: Type.Optional(Type.String({
    pattern: '^(/(?!\\.{1,2}(/|$))[A-Za-z0-9._~-]+)+$',
    words: 'a path that begins with a slash and does not end with one, of letters, digits and `-._~`',
    description: 'Path below which the service is reached, if its proxy passes that path on. If the proxy removes it, ' +
      '`PUBLIC_URL` is enough. Unset: none.',
    examples: ['/files'],
  })),
  CORS_ORIGINS: Type.Optional(Type.String({
    pattern: '^(\\*|https?://[^/,\\s]+( *, *https?://[^/,\\s]+)*)$',
    words: '* or a list of origins, separated by commas, none of which has a path or a slash at its end',
    description: 'Origins whose web pages may use the service, separated by commas, or `*` for all. Unset: only its own.',
    examples: ['https://app.example.com'],
  })),
  TRUST_PROXY: Type.Optional(Type.String({
    minLength: 1,
    description: 'Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` headers are believed: how many a request passes through, ' +
      'or a list of their addresses and CIDR ranges. Set it behind a proxy, or the limits below treat all clients as one. ' +
      'Unset: no such header is believed.',
    examples: ['10.0.0.0/8,fd00::/8'],
  })),
  MAX_EVENT_LOOP_DELAY: Type.Number({
    minimum: 0,
    maximum: 60,
    default: 1,
    description: 'Seconds that the event loop may be late, averaged over a second, before requests are refused with 503; ' +
      '0 never refuses any.',
  }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info', description: 'How much is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
  }),
  SHUTDOWN_DELAY: Type.Number({
    minimum: 0,
    maximum: 300,
    default: 0,
    description: 'Seconds to keep serving after SIGTERM while answering that the service is not ready, so that load balancers stop ' +
      'sending requests before it stops listening. Choose a little more than they take to notice.',
  }),
  SHUTDOWN_GRACE: Type.Number({
    minimum: 0,
    maximum: 86400,
    default: 20,
    description: 'Seconds that requests and streams under way then have to finish before they are cut off. What starts the service ' +
      'must wait longer than both before it kills it.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(Type.String({
    pattern: '^https?://[^?#\\s]+$',
    words: 'an address that begins with http:// or https://',
    description: 'Where OpenTelemetry traces are sent, with OTLP over HTTP; `/v1/traces` is appended. Unset: no traces are ' +
      'sent.',
    examples: ['http://127.0.0.1:4318'],
  })),
  OTEL_SERVICE_NAME: Type.String({ minLength: 1, default: 'objects-storage', description: 'The service\'s name in traces.' }),
}
