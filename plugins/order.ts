import abandonedUploads from './abandoned-uploads.js'
import archiveContents from './archive-contents.js'
import archives from './archives.js'
import bucketEvents from './bucket-events.js'
import dataDirectory from './data-directory.js'
import database from './database.js'
import demo from './demo.js'
import digestConfirmation from './digest-confirmation.js'
import digests from './digests.js'
import downloads from './downloads.js'
import eventDoors from './event-doors.js'
import eventQueues from './event-queues.js'
import fileAnswers from './file-answers.js'
import fileStreaming from './file-streaming.js'
import authorization from './http/authorization.js'
import bodies from './http/bodies.js'
import cors from './http/cors.js'
import errors from './http/errors.js'
import forwarded from './http/forwarded.js'
import jwt from './http/jwt.js'
import limits from './http/limits.js'
import loadShedding from './http/load-shedding.js'
import pushTokens from './http/push-tokens.js'
import requestIds from './http/request-ids.js'
import requestMetrics from './http/request-metrics.js'
import securityHeaders from './http/security-headers.js'
import snsMessages from './http/sns-messages.js'
import strictHost from './http/strict-host.js'
import strictQuery from './http/strict-query.js'
import tokenKeys from './http/token-keys.js'
import metrics from './metrics.js'
import multipartUploads from './multipart-uploads.js'
import openapiDocument from './openapi/document.js'
import purge from './purge.js'
import readiness from './readiness.js'
import reconciliation from './reconciliation.js'
import runBackfill from './run-backfill.js'
import secretFiles from './secret-files.js'
import secrets from './secrets.js'
import sharePages from './share-pages.js'
import shareRevocations from './share-revocations.js'
import shareUses from './share-uses.js'
import shares from './shares.js'
import shutdown from './shutdown.js'
import embeddedEvents from './store/embedded-events.js'
import storeCredentials from './store/credentials.js'
import storeMetrics from './store/metrics.js'
import minio from './store/minio.js'
import objectStorage from './store/object-storage.js'
import storeTarget from './store/target.js'
import storeTransport from './store/transport.js'
import tracing from './tracing.js'
import usageHistory from './usage-history.js'

/** The plugins that reaching the bucket takes, after `config`. */
export const storePlugins = [secretFiles, dataDirectory, storeCredentials, storeTarget, storeTransport, minio]

/**
 * Every plugin after `config`, in the order in which they are registered. Hooks of one kind run in this order, and plugins
 * close in the opposite one.
 */
export const pluginsInOrder = [
  // Announces secrets that have changed.
  secretFiles,
  // What every request passes. Spans begin first; ids come before anything that can answer, so that every answer has one, and
  // CORS comes before anything that can refuse, so that a page can read why.
  metrics, tracing, requestMetrics, requestIds, cors, strictHost, forwarded, strictQuery, loadShedding, errors, limits, bodies,
  // Who is calling. The embedded parts' folder holds the secret that tokens are signed with if none is configured.
  dataDirectory, secrets, tokenKeys, jwt, pushTokens, snsMessages,
  // What a single route declares: first its headers, then the token and the role, and then the route's own hooks.
  authorization, securityHeaders,
  openapiDocument,
  // The bucket, and the catalogue of what it holds.
  storeMetrics, storeCredentials, storeTarget, storeTransport, minio, objectStorage,
  database, runBackfill, bucketEvents, eventDoors, eventQueues, purge, reconciliation, embeddedEvents, usageHistory,
  // Downloads, and uploads in parts.
  digests, downloads, fileStreaming, fileAnswers, multipartUploads, abandonedUploads, digestConfirmation,
  // Share links, which lead to downloads.
  shareRevocations, shareUses, shares, sharePages,
  // Many files as one, for tokens and share links.
  archives, archiveContents,
  shutdown, readiness, demo,
]
