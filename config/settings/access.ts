import { Type } from '@sinclair/typebox'
import { claimName } from './forms.js'

/** Tokens and secrets. */
export const access = {
  JWT_SECRET: Type.Optional(Type.String({
    secret: true,
    minLength: 32,
    description: 'Key of the tokens\' HS256 signature, 32 characters or more (RFC 7518, 3.2): `openssl rand -base64 48`. ' +
      'Unset, if database and object storage are embedded: a random one, made at the first start and kept in `DATA_DIR`.',
  })),
  JWT_PUBLIC_KEY: Type.Optional(Type.String({
    secret: true,
    minLength: 1,
    description: 'Instead of `JWT_SECRET`: the public key, as PEM, of tokens that someone else signs. An RSA key pins RS256, an EC ' +
      'key ES256, ES384 or ES512, an Ed25519 key EdDSA. Line breaks may be written as `\\n`.',
  })),
  JWT_JWKS_URL: Type.Optional(Type.String({
    pattern: '^https?://[^/?#\\s@]+(/[^#\\s]*)?$',
    words: 'an address that begins with http:// or https:// and holds no credentials',
    description: 'Instead of both: address of an identity provider\'s JSON Web Key Set. Each of its keys pins its own algorithm.',
    examples: ['https://id.example.com/.well-known/jwks.json'],
  })),
  JWT_ISSUER: Type.Optional(Type.String({
    minLength: 1, description: 'What a token\'s claim `iss` must be. Unset: anything.', examples: ['https://id.example.com/'],
  })),
  JWT_AUDIENCE: Type.Optional(Type.String({
    minLength: 1,
    description: 'What a token\'s claim `aud` must be or contain. Set it and `JWT_ISSUER` if the identity provider also ' +
      'serves others. Unset: anything.',
    examples: ['objects-storage'],
  })),
  JWT_CLOCK_TOLERANCE: Type.Integer({
    minimum: 0,
    maximum: 300,
    default: 0,
    description: 'Seconds by which the clocks of the tokens\' signer and of this service may differ.',
  }),
  JWT_CLAIM_USER: claimName('sub', 'The claim that holds the user\'s UUID. Its name may be a URL, such as ' +
    '`https://files.example.com/user`, or a path into other claims, such as `account.id`.'),
  JWT_CLAIM_ORG: claimName('orgKey', 'The claim that holds the organisation\'s key.'),
  JWT_CLAIM_ROLE: claimName('role', 'The claim that holds the role, or an array of roles, such as Keycloak\'s `realm_access.roles`. A ' +
    'token may do what any of its roles may; roles that this service does not know are ignored.'),
  JWT_ROLE_VALUES: Type.Optional(Type.String({
    pattern: '^[^,]*[^,\\s][^,]*=\\s*(member|admin|service)\\s*(,[^,]*[^,\\s][^,]*=\\s*(member|admin|service)\\s*)*$',
    words: 'a list of values and the roles that they stand for (member, admin or service), separated by commas',
    description: 'What the values of that claim stand for: each as `value=role`, separated by commas, where the role is `member`, ' +
      '`admin` or `service`. Other values then stand for nothing. Unset: roles have these names themselves.',
    examples: ['Files Admins=admin,Files Users=member'],
  })),
  SERVICE_SECRET: Type.Optional(Type.String({
    secret: true,
    minLength: 32,
    description: 'Seals what clients keep for the service, such as cursors; 32 characters or more, the same for all replicas: ' +
      '`openssl rand -base64 48`. Unset: derived from `S3_SECRET_KEY`, so it changes with that key; with the embedded object ' +
      'storage, a random one in `DATA_DIR`.',
  })),
  SERVICE_SECRET_PREVIOUS: Type.Optional(Type.String({
    secret: true,
    minLength: 32,
    description: 'The value of `SERVICE_SECRET` before it was changed: what was sealed with it still opens. Unset: nothing ' +
      'older opens.',
  })),
  EVENTS_TOKEN: Type.Optional(Type.String({
    secret: true,
    minLength: 16,
    description: 'What the object storage must send with its notifications, 16 characters or more: `openssl rand -hex 32`. ' +
      'Unset: no notifications are accepted over HTTP; the embedded object storage needs no token.',
  })),
  SECRET_OVERLAP: Type.Integer({
    minimum: 0,
    maximum: 86400,
    default: 300,
    description: 'Seconds after a change of its file for which an old `EVENTS_TOKEN`, `JWT_SECRET` or `JWT_PUBLIC_KEY` is still accepted ' +
      'beside the new one, and after which a new `SERVICE_SECRET` takes the old one\'s place: until then it only opens, since other ' +
      'replicas may not have it yet.',
  }),
}
