import bucketEvents from './bucket-events.js'
import dataDirectory from './data-directory.js'
import database from './database.js'
import demo from './demo.js'
import downloads from './downloads.js'
import fileStreaming from './file-streaming.js'
import authorization from './http/authorization.js'
import bodies from './http/bodies.js'
import cors from './http/cors.js'
import errors from './http/errors.js'
import forwarded from './http/forwarded.js'
import jwt from './http/jwt.js'
import limits from './http/limits.js'
import loadShedding from './http/load-shedding.js'
import requestIds from './http/request-ids.js'
import requestMetrics from './http/request-metrics.js'
import securityHeaders from './http/security-headers.js'
import strictHost from './http/strict-host.js'
import strictQuery from './http/strict-query.js'
import tokenKeys from './http/token-keys.js'
import metrics from './metrics.js'
import openapiDocument from './openapi/document.js'
import purge from './purge.js'
import readiness from './readiness.js'
import reconciliation from './reconciliation.js'
import runBackfill from './run-backfill.js'
import secrets from './secrets.js'
import shutdown from './shutdown.js'
import embeddedEvents from './store/embedded-events.js'
import storeMetrics from './store/metrics.js'
import minio from './store/minio.js'
import objectStorage from './store/object-storage.js'
import storeTarget from './store/target.js'
import tracing from './tracing.js'
import usageHistory from './usage-history.js'

/**
 * Every plugin after `config`, in the order in which they are registered. Hooks of one kind run in this order, and plugins
 * close in the opposite one.
 */
export const pluginsInOrder = [
  // What every request meets. Spans begin first; ids come before anything that can answer, so that every answer has one, and
  // CORS comes before anything that can refuse, so that a page can read why.
  metrics, tracing, requestMetrics, requestIds, cors, strictHost, forwarded, strictQuery, loadShedding, errors, limits, bodies,
  // Who calls. The folder of the embedded parts holds the secret that tokens are signed with where none is configured.
  dataDirectory, secrets, tokenKeys, jwt,
  // Of one route: first its headers, then the token and the role, and then the route's own hooks.
  authorization, securityHeaders,
  openapiDocument,
  // The bucket, and the catalogue of what it holds.
  storeMetrics, storeTarget, minio, objectStorage,
  database, runBackfill, bucketEvents, purge, reconciliation, embeddedEvents, usageHistory,
  // Downloads.
  downloads, fileStreaming,
  shutdown, readiness, demo,
]
