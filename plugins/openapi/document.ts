import fastifyHelmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { onRequestHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../../config.js'
import { pathOfAddress } from '../../http/base-path.js'
import { strictTransportSeconds } from '../../http/strict-transport-security.js'
import { SelectionRequestSchema } from '../../schemas/archives.js'
import { BucketEventsSchema, BucketNotificationSchema, PubSubPushSchema, SnsMessageSchema } from '../../schemas/bucket-events.js'
import { DeletionSchema } from '../../schemas/deletion.js'
import { DispositionSchema, DownloadLinkSchema } from '../../schemas/download.js'
import { ErrorBodySchema, ErrorCodeSchema } from '../../schemas/errors.js'
import { DirectionSchema, ObjectKeySchema, OrgKeySchema, SentUuidSchema, UuidSchema } from '../../schemas/identifiers.js'
import { LinkResultSchema, LinksRequestSchema, LinksSchema } from '../../schemas/links.js'
import { QuotaRequestSchema, QuotaSchema } from '../../schemas/quota.js'
import { LivenessSchema, ReadinessSchema } from '../../schemas/readiness.js'
import { ReconciliationSchema } from '../../schemas/reconciliation.js'
import { roleDescription, roleValues } from '../../schemas/role-sentences.js'
import { CataloguedFileSchema, FolderSchema, RunFileSchema, RunFilesSchema } from '../../schemas/run-files.js'
import {
  LargestFileSchema, LargestFilesSchema, UserUsageListSchema, UserUsageSchema,
} from '../../schemas/storage-usage-lists.js'
import {
  ListedShareSchema, RevocationSchema, ShareListSchema, ShareRequestSchema, ShareSchema, SharedFileSchema, SharedFilesSchema,
  SharedFolderSchema,
} from '../../schemas/shares.js'
import { StorageUsageSchema, WorkflowUsageSchema } from '../../schemas/storage-usage.js'
import type { Role } from '../../schemas/token-claims.js'
import {
  CompletionRequestSchema, CompletionSchema, PartUrlsRequestSchema, PartUrlsSchema, PartsSchema, UploadRequestSchema,
  UploadSchema,
} from '../../schemas/uploads.js'
import { UsageDaySchema, UsageHistorySchema } from '../../schemas/usage-history.js'
import { VERSION } from '../../schemas/version.js'
import { ListedRunSchema, ListedWorkflowSchema, RunListSchema, WorkflowListSchema } from '../../schemas/workflow-lists.js'
import { WorkflowNameSchema, WorkflowSchema } from '../../schemas/workflows.js'
import { shareComponents } from './shared-components.js'

/** Derives the OpenAPI document from the routes' own schemas, and shows it as Swagger UI under /documentation. */
export default fastifyPlugin(async (app) => {
  for (const schema of [
    ErrorBodySchema, BucketNotificationSchema, SnsMessageSchema, PubSubPushSchema, BucketEventsSchema,
    DeletionSchema, DownloadLinkSchema, WorkflowUsageSchema, StorageUsageSchema,
    UploadRequestSchema, UploadSchema, PartUrlsRequestSchema, PartUrlsSchema, PartsSchema,
    CompletionRequestSchema, CompletionSchema, WorkflowNameSchema, WorkflowSchema,
    ReconciliationSchema, UsageDaySchema, UsageHistorySchema, LivenessSchema, ReadinessSchema,
    QuotaRequestSchema, QuotaSchema,
    LinksRequestSchema, LinkResultSchema, LinksSchema, RunFileSchema, FolderSchema, RunFilesSchema, CataloguedFileSchema,
    ListedWorkflowSchema, WorkflowListSchema, ListedRunSchema, RunListSchema,
    UserUsageSchema, UserUsageListSchema, LargestFileSchema, LargestFilesSchema,
    ShareRequestSchema, ShareSchema, ListedShareSchema, ShareListSchema, RevocationSchema,
    SharedFolderSchema, SharedFileSchema, SharedFilesSchema, SelectionRequestSchema,
  ]) app.addSchema(schema)

  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Objects & Storage',
        version: VERSION,
        description: 'The file plane of a workflow platform: downloads by unguessable key, uploads, and exact storage usage.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        contact: { name: 'The operator of this service' },
      },
      servers: [{ url: servicePath(app.config) || '/' }],
      tags: [
        { name: 'Files', description: 'Downloading and uploading files.' },
        { name: 'Usage', description: 'What an organisation stores.' },
        { name: 'Events', description: 'The object store\'s notifications.' },
        { name: 'Operation', description: 'Whether the service works.' },
      ],
      components: {
        securitySchemes: {
          eventsToken: {
            type: 'http', scheme: 'bearer', description: 'EVENTS_TOKEN of the service\'s configuration, for the object store.',
          },
          pushToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'An ID token that Google signs for a push subscription: of EVENTS_PUBSUB_ACCOUNT, for EVENTS_PUBSUB_AUDIENCE.',
          },
          bearerAuth: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: `A JSON Web Token with the claims \`exp\`, \`sub\` (the user's UUID), \`orgKey\` and \`role\` (${roleValues()}, or several in an array).`,
          },
        },
      },
    },
    transform: ({ schema, url, route: { config } }) => ({
      schema: {
        ...schema,
        // @fastify/swagger appends "-head" to every HEAD's id, as if it shared a route with its GET; ours have their own names.
        ...schema?.operationId === undefined ? {} : { operationId: schema.operationId.replace(/-head$/, '') },
        ...config?.proof === undefined ? {} : { 'x-proof': config.proof },
        ...config?.roles === undefined ? {} : documentedRoles(schema?.description, config.roles, config.action),
      },
      url,
    }),
    transformObject: (document) => shareComponents(
      'openapiObject' in document ? document.openapiObject : document.swaggerObject,
      {
        Uuid: UuidSchema,
        SentUuid: SentUuidSchema,
        OrgKey: OrgKeySchema,
        ObjectKey: ObjectKeySchema,
        Direction: DirectionSchema,
        Disposition: DispositionSchema,
        ErrorCode: ErrorCodeSchema,
      },
    ),
    refResolver: {
      buildLocalReference: (schema, _baseUri, _fragment, index) => typeof schema.$id === 'string' ? schema.$id : `schema-${index}`,
    },
  })
  // In its own scope, since helmet's hooks would otherwise run on every route.
  await app.register(async (documentation) => {
    await documentation.register(fastifyHelmet, helmetOptions(app.config))
    await documentation.register(fastifySwaggerUi, {
      routePrefix: '/documentation',
      uiConfig: {
        persistAuthorization: true,
        tryItOutEnabled: true,
        docExpansion: 'list',
        defaultModelsExpandDepth: 0,
        operationsSorter: inOrderOfUse,
      },
      // The page would refer to its files by their path from the root, where a proxy may not serve them.
      uiHooks: { onRequest: redirectToFolder },
      theme: { title: `Objects &amp; Storage ${VERSION}`, js: [{ filename: 'tab-storage.js', content: TAB_STORAGE }] },
    })
  })
}, { name: 'openapi', dependencies: ['config'] })

/** The path below which people reach the service, as far as it is known. */
function servicePath ({ PUBLIC_URL, BASE_PATH = '' }: Config): string {
  return PUBLIC_URL === undefined ? BASE_PATH : pathOfAddress(PUBLIC_URL)
}

const redirectToFolder: onRequestHookHandler = ({ originalUrl }, reply, done) => {
  if (/\/documentation(\?|$)/.test(originalUrl)) reply.redirect('documentation/', 302)
  else done()
}

/** Swagger UI keeps the authorisation in the tab's own storage, which ends with the tab: no token must reach the disk. */
const TAB_STORAGE = 'Object.defineProperty(window, "localStorage", { value: window.sessionStorage })'

/**
 * Sorts operations, which Swagger UI passes as Immutable.js maps, by the order in which people come to use them. It is sent to
 * browsers as text, so it must not refer to anything outside itself.
 */
function inOrderOfUse (one: unknown, other: unknown): number {
  const order = [
    'createUpload', 'createPartUrls', 'listParts', 'completeUpload', 'abortUpload',
    'downloadFile', 'describeFile', 'createLinks', 'listWorkflows', 'listRuns', 'listRunFiles', 'downloadArchive', 'describeArchive', 'deleteFile',
    'readStorageUsage', 'readStorageUsageHistory', 'listUserUsage', 'listLargestFiles',
    'createShare', 'createArchiveSelection', 'listShares', 'revokeShare', 'revokeAllShares', 'openShare', 'describeShare',
    'openShareAsArchive', 'describeShareAsArchive',
    'nameWorkflow', 'setQuota', 'startReconcile', 'readReconcileProgress',
  ]
  const [before, after] = [one, other].map((operation) => {
    if (typeof operation !== 'object' || operation === null || !('getIn' in operation)) return order.length
    if (typeof operation.getIn !== 'function') return order.length
    const place = order.indexOf(operation.getIn(['operation', 'operationId']))
    return place === -1 ? order.length : place
  })
  return Number(before) - Number(after)
}

/** A route's `roles` in the words of the document. */
function documentedRoles (description = '', roles: readonly Role[], action?: string) {
  return {
    description: `${description} ${roleDescription(roles, action)}`.trim(),
    security: [{ bearerAuth: [] }],
    'x-roles': roles,
  }
}

function helmetOptions ({ PUBLIC_URL }: Config): FastifyHelmetOptions {
  const maxAge = strictTransportSeconds(PUBLIC_URL)
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // Swagger UI sets inline styles on its elements.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        // Trying out a download follows its redirect to wherever the storage is.
        connectSrc: ["'self'", 'http:', 'https:'],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: maxAge !== undefined && { maxAge, includeSubDomains: false },
  }
}
