import { Type } from '@sinclair/typebox'
import { choice } from './forms.js'

const proxyAddress = (options: { description: string, examples?: string[] }) => Type.String({
  pattern: '^https?://[^/?#\\s]+/?$', words: 'an address of a proxy that begins with http:// or https:// and has no path', ...options,
})

/** How the object storage is reached. */
export const storageAccess = {
  S3_ADDRESSING: choice(['path', 'virtual-host', 'auto'], {
    default: 'auto',
    description: 'How URLs name the bucket: in the `path`, or in front of the endpoint\'s host (`virtual-host`). `auto`: in front of ' +
      'hosts of amazonaws.com (except VPC endpoints), aliyuncs.com, myqcloud.com, volces.com and bytepluses.com, unless the ' +
      'bucket\'s name has a dot and the endpoint uses TLS; otherwise in the path.',
  }),
  S3_PREFIX: Type.Optional(Type.String({
    pattern: '^(?=.{2,256}$)([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$',
    words: 'names of letters, digits, `.`, `_` and `-`, each with a slash behind it, of 256 characters at most',
    description: 'What the keys of this service\'s files begin with in a bucket that it shares; nothing else there is ' +
      'looked at. It appears in no object key, link or row. Existing files are not moved: choose it before the first ' +
      'upload. Only with `S3_ENDPOINT`. Unset: nothing.',
    examples: ['objects/production/'],
  })),
  S3_CA: Type.Optional(Type.String({
    minLength: 1,
    description: 'File with the CA certificates, in PEM form, that the object storage\'s must come from. It is read at the ' +
      'start. Unset: those that Node.js trusts.',
    examples: ['/run/secrets/storage-ca.pem'],
  })),
  S3_CLIENT_CERT: Type.Optional(Type.String({
    minLength: 1,
    description: 'File with the certificate, in PEM form, that the service presents to the object storage. It is read at ' +
      'the start. Unset: none.',
  })),
  S3_CLIENT_KEY: Type.Optional(Type.String({
    minLength: 1,
    description: 'File with that certificate\'s key, in PEM form and without a password. Required with ' +
      '`S3_CLIENT_CERT`.',
  })),
  HTTPS_PROXY: Type.Optional(proxyAddress({
    description: 'Proxy through which object storage and identity provider are reached if their addresses begin with https. ' +
      'Its name may also be written in lower case. Unset: none.',
    examples: ['http://user:password@proxy.example.com:3128'],
  })),
  HTTP_PROXY: Type.Optional(proxyAddress({ description: 'The same if they begin with http. Unset: none.' })),
  NO_PROXY: Type.Optional(Type.String({
    minLength: 1,
    description: 'What is reached without a proxy: names (with all their subdomains), addresses and CIDR ranges, each with ' +
      'a port if only that port is meant, separated by commas; `*` means everything. This machine itself is always reached ' +
      'without one. Unset: nothing else.',
    examples: ['example.internal,10.0.0.0/8'],
  })),
}
